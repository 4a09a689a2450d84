extension Jinja {
    /// The functions a template can call, besides `namespace`, `dict` and its own macros.
    enum Function: String, Sendable {
        case raiseException = "raise_exception"
        case range
        case strftimeNow = "strftime_now"

        /// All functions' names.
        static let names: Set<String> = ["raise_exception", "range", "strftime_now", "namespace", "dict"]

        var parameters: [String] {
            switch self {
            case .raiseException: ["message"]
            case .range: ["start", "stop", "step"]
            case .strftimeNow: ["format"]
            }
        }
    }

    /// The methods of Python's texts and dictionaries.
    enum Method: String, Sendable {
        case strip
        case lstrip
        case rstrip
        case split
        case rsplit
        case splitlines
        case startswith
        case endswith
        case removeprefix
        case removesuffix
        case replace
        case upper
        case lower
        case capitalize
        case title
        case find
        case rfind
        case count
        case join
        case items
        case keys
        case values
        case get
        /// Known, and always an error: as in Hugging Face's sandbox, nothing changes a list.
        case append

        var parameters: [String] {
            switch self {
            case .strip, .lstrip, .rstrip: ["chars"]
            case .split, .rsplit: ["sep", "maxsplit"]
            case .startswith, .removeprefix: ["prefix"]
            case .endswith, .removesuffix: ["suffix"]
            case .replace: ["old", "new", "count"]
            case .find, .rfind, .count: ["sub"]
            case .join: ["iterable"]
            case .append: ["object"]
            case .get: ["key", "default"]
            case .splitlines, .upper, .lower, .capitalize, .title, .items, .keys, .values: []
            }
        }

        /// How many of the parameters must be given.
        var needed: Int {
            switch self {
            case .strip, .lstrip, .rstrip, .split, .rsplit: 0
            case .replace: 2
            case .get: 1
            default: parameters.count
            }
        }
    }

    /// The filters, besides `map`, `select` and its kin.
    enum Filter: String, Sendable {
        case trim
        case length
        case tojson
        case join
        case upper
        case lower
        case capitalize
        case `default`
        case list
        case items
        case first
        case last
        case reverse
        case replace
        case string
        case int
        case safe
        case dictsort
        case indent

        init?(name: String) {
            switch name {
            case "count": self = .length
            case "d": self = .default
            default: self.init(rawValue: name)
            }
        }

        /// Besides the value that is filtered.
        var parameters: [String] {
            switch self {
            case .trim: ["chars"]
            case .tojson: ["ensure_ascii", "indent", "separators", "sort_keys"]
            case .join: ["d", "attribute"]
            case .default: ["default_value", "boolean"]
            case .replace: ["old", "new", "count"]
            case .int: ["default"]
            case .dictsort: ["case_sensitive", "by", "reverse"]
            case .indent: ["width", "first", "blank"]
            case .length, .upper, .lower, .capitalize, .list, .items, .first, .last, .reverse, .string, .safe: []
            }
        }

        /// How many of the parameters must be given.
        var needed: Int { self == .replace ? 2 : 0 }
    }

    /// What follows `is`.
    enum Test: Sendable {
        case defined
        case undefined
        case none
        case boolean
        case isTrue
        case isFalse
        case integer
        case number
        case string
        case mapping
        case sequence
        case iterable
        case even
        case odd
        case divisibleBy
        case compares(Comparison)

        private static let names: [String: Test] = [
            "defined": .defined, "undefined": .undefined, "none": .none, "boolean": .boolean, "true": .isTrue,
            "false": .isFalse, "integer": .integer, "number": .number, "string": .string, "mapping": .mapping,
            "sequence": .sequence, "iterable": .iterable, "even": .even, "odd": .odd, "divisibleby": .divisibleBy,
            "in": .compares(.isIn), "eq": .compares(.equal), "equalto": .compares(.equal), "==": .compares(.equal),
            "ne": .compares(.notEqual), "!=": .compares(.notEqual), "lt": .compares(.less),
            "lessthan": .compares(.less), "<": .compares(.less), "le": .compares(.lessOrEqual),
            "<=": .compares(.lessOrEqual), "gt": .compares(.greater), "greaterthan": .compares(.greater),
            ">": .compares(.greater), "ge": .compares(.greaterOrEqual), ">=": .compares(.greaterOrEqual),
        ]

        init?(name: String) {
            guard let test = Self.names[name] else { return nil }
            self = test
        }

        /// How many arguments it takes.
        var arguments: Int {
            switch self {
            case .divisibleBy, .compares: 1
            default: 0
            }
        }
    }
}
