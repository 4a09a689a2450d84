extension GGUFCursor {
    /// The format's numbers of metadata types.
    private enum ValueType: UInt32 {
        case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        var minimumBytes: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }

    mutating func value(of key: String) throws(GGUFError) -> GGUFValue {
        let type = try valueType(of: key)
        return type == .array ? try array(of: key) : try scalar(type, key)
    }

    private mutating func valueType(of key: String) throws(GGUFError) -> ValueType {
        let raw: UInt32 = try integer("the type of '\(key)'")
        guard let type = ValueType(rawValue: raw) else { throw .unknownValueType(raw, key: key) }
        return type
    }

    private mutating func boolean(_ key: String) throws(GGUFError) -> Bool {
        let byte: UInt8 = try integer("'\(key)'")
        guard byte <= 1 else { throw .invalidBoolean(key: key, value: byte) }
        return byte == 1
    }

    private mutating func text(_ key: String) throws(GGUFError) -> String {
        try string("'\(key)'", limit: GGUFLimits.stringBytes)
    }

    private mutating func unsigned(_ type: ValueType, _ key: String) throws(GGUFError) -> UInt64 {
        switch type {
        case .uint8: UInt64(try integer("'\(key)'", as: UInt8.self))
        case .uint16: UInt64(try integer("'\(key)'", as: UInt16.self))
        case .uint32: UInt64(try integer("'\(key)'", as: UInt32.self))
        default: try integer("'\(key)'", as: UInt64.self)
        }
    }

    private mutating func signed(_ type: ValueType, _ key: String) throws(GGUFError) -> Int64 {
        switch type {
        case .int8: Int64(try integer("'\(key)'", as: Int8.self))
        case .int16: Int64(try integer("'\(key)'", as: Int16.self))
        case .int32: Int64(try integer("'\(key)'", as: Int32.self))
        default: try integer("'\(key)'", as: Int64.self)
        }
    }

    private mutating func scalar(_ type: ValueType, _ key: String) throws(GGUFError) -> GGUFValue {
        switch type {
        case .uint8, .uint16, .uint32, .uint64: .unsigned(try unsigned(type, key))
        case .int8, .int16, .int32, .int64: .signed(try signed(type, key))
        case .float32: .float(Float(bitPattern: try integer("'\(key)'")))
        case .float64: .double(Double(bitPattern: try integer("'\(key)'")))
        case .bool: .boolean(try boolean(key))
        case .string: .string(try text(key))
        case .array: throw .nestedArray(key: key)
        }
    }

    private mutating func array(of key: String) throws(GGUFError) -> GGUFValue {
        let type = try valueType(of: key)
        guard type != .array else { throw .nestedArray(key: key) }
        let count = try count(
            "the element count of '\(key)'", limit: GGUFLimits.arrayElements, minimumBytes: type.minimumBytes)
        try add(arrayElements: count)
        switch type {
        case .uint8, .uint16, .uint32, .uint64:
            return .unsignedArray(try elements(count) { (cursor) throws(GGUFError) in try cursor.unsigned(type, key) })
        case .int8, .int16, .int32, .int64:
            return .signedArray(try elements(count) { (cursor) throws(GGUFError) in try cursor.signed(type, key) })
        case .float32:
            return .floatArray(
                try elements(count) { (cursor) throws(GGUFError) in
                    Float(bitPattern: try cursor.integer("'\(key)'"))
                })
        case .float64:
            return .doubleArray(
                try elements(count) { (cursor) throws(GGUFError) in
                    Double(bitPattern: try cursor.integer("'\(key)'"))
                })
        case .bool:
            return .booleanArray(try elements(count) { (cursor) throws(GGUFError) in try cursor.boolean(key) })
        case .string:
            return .stringArray(try elements(count) { (cursor) throws(GGUFError) in try cursor.text(key) })
        case .array:
            throw .nestedArray(key: key)
        }
    }

    private mutating func elements<T>(_ count: Int, _ next: (inout Self) throws(GGUFError) -> T)
        throws(GGUFError) -> [T]
    {
        var result: [T] = []
        result.reserveCapacity(count)
        for _ in 0..<count { result.append(try next(&self)) }
        return result
    }
}
