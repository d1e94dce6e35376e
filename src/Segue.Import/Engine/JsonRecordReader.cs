using System.Buffers;

namespace Segue.Import.Engine;

/// <summary>
/// Reads the elements of one big JSON array one after the other, the array being the whole document or a property of it. Only one
/// element is in memory; a bad element does not end the file, a broken frame does.
/// </summary>
internal sealed class JsonRecordReader : RowSource
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> StringEnd = SearchValues.Create("\"\\"u8);

    private readonly Stream _stream;
    private readonly byte[]? _property;
    private readonly int _maxRecord;
    private byte[] _buffer = new byte[1 << 12];
    private int _start, _at, _end, _rawLength;
    private bool _atEnd, _started, _inObject, _any, _done, _keep;
    private int _counted;
    private long _lines = 1;

    /// <summary>Opens a file.</summary>
    /// <param name="file">What to read.</param>
    /// <param name="stream">Its guarded stream; disposed with this.</param>
    /// <param name="property">Where the document is an object, the property that holds the array; null = the document is the array.</param>
    /// <param name="maxRecord">Longest element, bytes.</param>
    public JsonRecordReader(InputFile file, Stream stream, string? property, int maxRecord)
        : base(file)
    {
        _stream = stream;
        _property = property is null ? null : System.Text.Encoding.UTF8.GetBytes(property);
        _maxRecord = maxRecord;
    }

    public override ReadOnlySpan<byte> Raw => _buffer.AsSpan(_start, _rawLength);

    public override bool Read()
    {
        if (!_started)
        {
            Start();
        }

        if (_done)
        {
            return false;
        }

        _keep = false;
        Fault = null;
        _rawLength = 0;
        byte b = Peek();
        if (b == ']' || (_any && b != ','))
        {
            if (b != ']')
            {
                throw Broken($"has '{(char)b}' where a comma or the end of the list should be");
            }

            _at++;
            Finish();
            return false;
        }

        if (_any)
        {
            _at++;
            b = Peek();
        }

        _any = true;
        Record++;
        Line = LineAt(_at);
        _start = _at;
        _keep = true;
        SkipValue(b);
        _rawLength = _at - _start;
        if (_rawLength == 0)
        {
            throw Broken("has a comma without an element after it");
        }

        if (!System.Text.Unicode.Utf8.IsValid(Raw))
        {
            Fault = Reasons.InvalidUtf8;
        }

        return true;
    }

    public override void Dispose() => _stream.Dispose();

    private void Start()
    {
        _started = true;
        while (_end < 8 && Fill())
        {
            // a stream may give a byte at a time, and the first few tell what the file is
        }

        ReadOnlySpan<byte> head = _buffer.AsSpan(0, _end);
        Archives.Refuse(File, head);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            _at = 3;
        }
        else if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw File.Broken("is UTF-16; save it as UTF-8, for example with: iconv -f utf-16 -t utf-8");
        }

        byte b = Peek(mayEnd: true);
        if (b == 0 && _at >= _end)
        {
            throw File.Broken("is empty; download it again or leave it out");
        }

        if (_property is null)
        {
            Expect((byte)'[');
            return;
        }

        if (b != '{')
        {
            throw Other($"does not start with {{ and have a list '{System.Text.Encoding.UTF8.GetString(_property)}'");
        }

        _at++;
        _inObject = true;
        if (!NextProperty())
        {
            throw Other($"has no list '{System.Text.Encoding.UTF8.GetString(_property)}'");
        }

        Expect((byte)'[');
    }

    // Goes to the value of the wanted property; false at the end of the object. Called before the first property or after one.
    private bool NextProperty()
    {
        while (true)
        {
            byte b = Peek();
            if (b == ',')
            {
                _at++;
                b = Peek();
            }

            if (b == '}')
            {
                _at++;
                return false;
            }

            if (b != '"')
            {
                throw Broken($"has '{(char)b}' where a property name should be");
            }

            _start = _at;
            _keep = true;
            SkipValue(b);
            bool wanted = _buffer.AsSpan((_start + 1)..(_at - 1)).SequenceEqual(_property);
            _keep = false;
            Expect((byte)':');
            b = Peek();
            if (wanted)
            {
                return true;
            }

            SkipValue(b);
        }
    }

    private void Finish()
    {
        _done = true;
        while (_inObject && NextProperty())
        {
            throw Broken($"has the list '{System.Text.Encoding.UTF8.GetString(_property!)}' twice");
        }

        if (Peek(mayEnd: true) != 0 || _at < _end)
        {
            throw Broken("has text after its end");
        }

    }

    // Skips one value without looking into it; whoever parses it finds what is wrong inside.
    private void SkipValue(byte first)
    {
        if (first == '"')
        {
            _at++;
            SkipString();
            return;
        }

        if (first is not ((byte)'{' or (byte)'['))
        {
            while (_at < _end || More())
            {
                byte b = _buffer[_at];
                if (b is (byte)',' or (byte)']' or (byte)'}' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
                {
                    return;
                }

                _at++;
            }

            throw CutOff();
        }

        _at++;
        long depth = 1;
        while (depth > 0)
        {
            int found = _buffer.AsSpan(_at, _end - _at).IndexOfAny(Structure);
            if (found < 0)
            {
                _at = _end;
                if (!More())
                {
                    throw CutOff();
                }

                continue;
            }

            byte b = _buffer[_at + found];
            _at += found + 1;
            if (b == '"')
            {
                SkipString();
            }
            else
            {
                depth += b is (byte)'{' or (byte)'[' ? 1 : -1;
            }
        }
    }

    private void SkipString()
    {
        while (true)
        {
            int found = _buffer.AsSpan(_at, _end - _at).IndexOfAny(StringEnd);
            if (found < 0)
            {
                _at = _end;
                if (!More())
                {
                    throw CutOff();
                }

                continue;
            }

            byte b = _buffer[_at + found];
            _at += found + 1;
            if (b == '"')
            {
                return;
            }

            if (_at == _end && !More())
            {
                throw CutOff();
            }

            _at++;
        }
    }

    // The next byte that is not white space, not consumed; 0 at the end of the file.
    private byte Peek(bool mayEnd = false)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_at, _end - _at).IndexOfAnyExcept(" \t\r\n"u8);
            if (found >= 0)
            {
                _at += found;
                return _buffer[_at];
            }

            _at = _end;
            if (!More())
            {
                return mayEnd ? (byte)0 : throw CutOff();
            }
        }
    }

    private void Expect(byte wanted)
    {
        byte b = Peek();
        if (b != wanted)
        {
            throw wanted == '[' ? Other($"has '{(char)b}' where '[' should be") : Broken($"has '{(char)b}' where '{(char)wanted}' should be");
        }

        _at++;
    }

    // More bytes behind _end. Keeps what is from _start on where an element is being read, else from _at on.
    private bool More()
    {
        // Many files are small, so the buffer starts small.
        if (_end == _buffer.Length && _end < 1 << 16)
        {
            Array.Resize(ref _buffer, _end * 4);
        }

        int from = _keep ? _start : _at;
        if (_keep && _end - _start > _maxRecord)
        {
            throw Broken($"has an element longer than {_maxRecord} bytes");
        }

        if (from > 0)
        {
            LineAt(from);
            _counted -= from;
            Buffer.BlockCopy(_buffer, from, _buffer, 0, _end - from);
            _at -= from;
            _end -= from;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(_buffer.Length * 2L, Array.MaxLength));
        }

        return Fill();
    }

    // Line of a place in the buffer; places only ever move on.
    private long LineAt(int place)
    {
        if (place > _counted)
        {
            _lines += _buffer.AsSpan(_counted, place - _counted).Count((byte)'\n');
            _counted = place;
        }

        return _lines;
    }

    private bool Fill()
    {
        if (!_atEnd)
        {
            int count = _stream.Read(_buffer.AsSpan(_end));
            _atEnd = count == 0;
            _end += count;
        }

        return !_atEnd;
    }

    private ImportException CutOff() => Broken("ends in the middle");

    private ImportException Other(string what) => File.Broken(
        $"is not the JSON it should be: it {what}; it is of another format: segue formats lists those that are read");

    private ImportException Broken(string what) =>
        File.Broken($"is not the JSON it should be: it {what}, {(Record == 0 ? "before the first element" : $"at element {Record}")}; "
            + "download it again or leave it out");
}
