/// A day of the Gregorian calendar, without a clock or a time zone: what a template that asks for the date is told.
public struct CalendarDate: Hashable, Sendable {
    /// 1 to 9999.
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to the month's last.
    public let day: Int

    /// The day every template is told: 26 July 2024, a Friday. Requests carry no date, and no node may read a clock.
    public static let standard = CalendarDate(uncheckedYear: 2024, month: 7, day: 26)

    /// A day; nil if there is no such one.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year)
        else { return nil }
        self.init(uncheckedYear: year, month: month, day: day)
    }

    private init(uncheckedYear year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 1 on the first of January.
    private var dayOfYear: Int { (1..<month).reduce(day) { $0 + Self.days(in: $1, of: year) } }

    /// 0 on Mondays, as was the first day of year 1.
    private var weekday: Int {
        let past = year - 1
        return (past * 365 + past / 4 - past / 100 + past / 400 + dayOfYear - 1) % 7
    }

    /// C's `strftime` at midnight, in English; nil for a format other than `%a %A %b %B %d %e %H %I %j %m %M %p %S %y %Y`,
    /// `%-d`, `%-m` and `%%`.
    func formatted(_ format: String) -> String? {
        var result = String.UnicodeScalarView()
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                result.append(scalar)
                continue
            }
            guard let first = scalars.next() else { return nil }
            let isBare = first == "-"
            guard let letter = isBare ? scalars.next() : first, let part = part(letter, isBare: isBare) else {
                return nil
            }
            result.append(contentsOf: part.unicodeScalars)
        }
        return String(result)
    }

    private func part(_ letter: Unicode.Scalar, isBare: Bool) -> String? {
        switch (letter, isBare) {
        case ("d", true): String(day)
        case ("m", true): String(month)
        case (_, true): nil
        case ("a", _): String(Self.weekdays[weekday].prefix(3))
        case ("A", _): Self.weekdays[weekday]
        case ("b", _): String(Self.months[month - 1].prefix(3))
        case ("B", _): Self.months[month - 1]
        case ("d", _): Self.padded(day, 2)
        case ("e", _): (day < 10 ? " " : "") + String(day)
        case ("H", _), ("M", _), ("S", _): "00"
        case ("I", _): "12"
        case ("p", _): "AM"
        case ("j", _): Self.padded(dayOfYear, 3)
        case ("m", _): Self.padded(month, 2)
        case ("y", _): Self.padded(year % 100, 2)
        case ("Y", _): Self.padded(year, 4)
        case ("%", _): "%"
        default: nil
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
