namespace Segue.Import.Engine;

/// <summary>Where a row stands, for samples of what was left out.</summary>
internal abstract class RowSource(InputFile file) : IDisposable
{
    public InputFile File => file;

    /// <summary>Line from 1 where the row begins.</summary>
    public long Line { get; protected set; }

    /// <summary>Record from 1 in a JSON list; 0 in files of lines.</summary>
    public long Record { get; protected set; }

    /// <summary>The current row as it stands in the file, without the line end; valid until the next row.</summary>
    public abstract ReadOnlySpan<byte> Raw { get; }

    /// <summary>What makes the current row unreadable, or null.</summary>
    public string? Fault { get; protected set; }

    /// <summary>Gives the names of artists and items in the current row, all that samples keep of it; null = they keep nothing.</summary>
    public Func<string>? Namer { get; set; }

    /// <summary>What a sample keeps of the current row; empty where it cannot be read, as then a name may be anything.</summary>
    public string Names => Fault is null && Namer is not null ? Text.Printable(Namer()) : string.Empty;

    public abstract bool Read();

    public abstract void Dispose();
}

/// <summary>
/// Reads a text file row by row and field by field without allocating: a row is a line, or with quotes a record that may span
/// lines (RFC 4180). Bad rows come with a <see cref="RowSource.Fault"/> and reading goes on after them.
/// </summary>
/// <remarks>
/// A loose reader takes what spreadsheets and hands write: a line ends in LF, CRLF or CR alone, and white space around a field that is
/// not quoted, or around the quotes, is not part of it.
/// </remarks>
internal sealed class RowReader : RowSource
{
    private readonly Stream _stream;
    private readonly byte _delimiter;
    private readonly byte[]? _separator;
    private readonly bool _loose;
    private readonly bool _quotes;
    private readonly bool _spaces;
    private readonly bool _anyBytes;
    private readonly int _maxLine;
    private readonly int _usual;
    private byte[] _buffer;
    private int _start, _end, _next;
    private bool _atEnd;
    private long _nextLine = 1;
    private int _rawLength;
    private int[] _fieldStart = new int[16], _fieldLength = new int[16];
    private bool[] _quotedField = new bool[16];
    private byte[] _unescaped = [];
    private int _unescapedLength;

    /// <summary>Opens a file.</summary>
    /// <param name="file">What to read.</param>
    /// <param name="stream">Its guarded stream; disposed with this.</param>
    /// <param name="delimiter">Between fields; 0 = the row is one field; a space = any run of spaces and tabs.</param>
    /// <param name="quotes">Fields may be quoted.</param>
    /// <param name="maxLine">Longest row, bytes.</param>
    /// <param name="anyBytes">Do not check for UTF-8.</param>
    /// <param name="separator">A delimiter of several bytes, in place of <paramref name="delimiter"/>.</param>
    /// <param name="loose">As spreadsheets and hands write it; see the remarks.</param>
    public RowReader(InputFile file, Stream stream, byte delimiter, bool quotes, int maxLine, bool anyBytes = false,
        byte[]? separator = null, bool loose = false)
        : base(file)
    {
        _stream = stream;
        _delimiter = separator is null ? delimiter : separator[0];
        _separator = separator is { Length: > 1 } ? separator : null;
        _loose = loose;
        _quotes = quotes;
        _spaces = _separator is null && _delimiter == ' ';
        _maxLine = maxLine;
        _anyBytes = anyBytes;
        _usual = (int)Math.Min(1 << 18, Math.Max(4096, maxLine + 2L));
        _buffer = new byte[file.DeclaredLength is >= 0 and < 4000 ? Math.Max(256, (int)file.DeclaredLength + 16) : 4096];
        while (_end < 8 && Fill())
        {
            // a stream may give a byte at a time, and the first few tell what the file is
        }

        ReadOnlySpan<byte> head = _buffer.AsSpan(0, _end);
        IsEmpty = head.IsEmpty;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            _start = _next = 3;
        }
        else if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw file.Broken("is UTF-16; save it as UTF-8, for example with: iconv -f utf-16 -t utf-8");
        }

        Archives.Refuse(file, head);
    }

    /// <summary>True where the file has no bytes at all.</summary>
    public bool IsEmpty { get; }

    /// <summary>Number of fields of the current row.</summary>
    public int Count { get; private set; }

    public override ReadOnlySpan<byte> Raw => _buffer.AsSpan(_start, _rawLength);

    /// <summary>Field <paramref name="index"/> of the current row, unquoted; empty where the row has fewer.</summary>
    public ReadOnlySpan<byte> this[int index] =>
        (uint)index >= (uint)Count ? []
        : _fieldStart[index] < 0 ? _unescaped.AsSpan(~_fieldStart[index], _fieldLength[index])
        : _buffer.AsSpan(_fieldStart[index], _fieldLength[index]);

    /// <summary>Samples keep the fields <paramref name="columns"/> of rows that have <paramref name="width"/> fields.</summary>
    public void ShowNames(int width, params int[] columns) => Namer = () => Count != width ? string.Empty
        : Text.Names([.. columns.Select(c => System.Text.Encoding.UTF8.GetString(this[c]))]);

    public override bool Read()
    {
        _start = _next;
        Line = _nextLine;
        Fault = null;
        Count = 0;
        int length = LineLength(_start, out bool tooLong);
        if (tooLong)
        {
            Fault = Reasons.LineTooLong;
            _rawLength = Math.Min(1000, _end - _start);
            SkipLine();
            return true;
        }

        if (length < 0)
        {
            return false;
        }

        SetRow(length, lines: 1);
        ReadOnlySpan<byte> row = Raw;
        if (row.IsEmpty)
        {
            Fault = Reasons.BlankLine;
            return true;
        }

        if (_quotes && row.Contains((byte)'"'))
        {
            SplitQuoted();
            row = Raw;
        }
        else if (_spaces)
        {
            SplitSpaces(row);
        }
        else
        {
            Split(row);
        }

        if (_loose && !_spaces)
        {
            Trim();
        }

        if (row.Contains((byte)0))
        {
            Fault = Reasons.NulByte;
        }
        else if (!_anyBytes && !System.Text.Unicode.Utf8.IsValid(row))
        {
            Fault = Reasons.InvalidUtf8;
        }

        return true;
    }

    public override void Dispose() => _stream.Dispose();

    private void SetRow(int length, int lines)
    {
        _next = Math.Min(_start + length + 1, _end);
        _nextLine = Line + lines;
        _rawLength = length > 0 && _buffer[_start + length - 1] == '\r' ? length - 1 : length;
    }

    // Length of the line that starts at from, without its LF; −1 at the end of the file. May move everything to the buffer's start.
    private int LineLength(int from, out bool tooLong)
    {
        tooLong = false;
        int scanned = from - _start;
        while (true)
        {
            int at = LineEnd(_buffer.AsSpan(_start + scanned, _end - _start - scanned));
            if (at >= 0)
            {
                int length = scanned + at - (from - _start);
                tooLong = scanned + at > _maxLine;
                return length;
            }

            // A CR at the end of the buffer may be half of a line end: look at it again with what follows.
            scanned = _end - _start - (_loose && _end > from && _buffer[_end - 1] == '\r' ? 1 : 0);
            if (scanned > _maxLine)
            {
                tooLong = true;
                return 0;
            }

            int before = _start;
            if (!Fill())
            {
                from -= before - _start;
                int rest = _end - from;
                return rest == 0 ? -1 : rest;
            }

            from -= before - _start;
        }
    }

    // Where the first line end is; of CR LF the LF, so that every end is one byte. −1 where there is none yet.
    private int LineEnd(ReadOnlySpan<byte> text)
    {
        if (!_loose)
        {
            return text.IndexOf((byte)'\n');
        }

        int at = text.IndexOfAny((byte)'\n', (byte)'\r');
        if (at < 0 || text[at] == '\n')
        {
            return at;
        }

        return at + 1 < text.Length ? (text[at + 1] == '\n' ? at + 1 : at) : _atEnd ? at : -1;
    }

    private void SkipLine()
    {
        // The sample is the start of the line, so keep that and drop the rest.
        byte[] sample = Raw.ToArray();
        int from = _start;
        while (true)
        {
            int at = LineEnd(_buffer.AsSpan(from, _end - from));
            if (at >= 0)
            {
                _next = from + at + 1;
                break;
            }

            // A CR at the end of the buffer may be half of a line end.
            _start = from = _next = _loose && _end > from && _buffer[_end - 1] == '\r' ? _end - 1 : _end;
            if (!Fill())
            {
                _next = _end;
                break;
            }

            from = _start;
        }

        _nextLine = Line + 1;
        if (_next < sample.Length)
        {
            // Not enough room before the next line: shift it to the right.
            int rest = _end - _next;
            if (sample.Length + rest > _buffer.Length)
            {
                Array.Resize(ref _buffer, sample.Length + rest);
            }

            Buffer.BlockCopy(_buffer, _next, _buffer, sample.Length, rest);
            _next = sample.Length;
            _end = sample.Length + rest;
        }

        _start = _next - sample.Length;
        sample.CopyTo(_buffer.AsSpan(_start));
    }

    // Reads more behind _end; keeps everything from _start on. False at the end of the file.
    private bool Fill()
    {
        if (_atEnd)
        {
            return false;
        }

        // Many files are small, so the buffer starts small.
        if (_end == _buffer.Length && _end < _usual)
        {
            Array.Resize(ref _buffer, Math.Min(_usual, _end * 4));
        }

        if (_start > 0 && _end == _buffer.Length)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _next -= _start;
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(_buffer.Length * 2L, Array.MaxLength));
        }

        int count = _stream.Read(_buffer.AsSpan(_end));
        _atEnd = count == 0;
        _end += count;
        return count > 0;
    }

    private void Split(ReadOnlySpan<byte> row)
    {
        int at = 0;
        if (_delimiter == 0)
        {
            AddField(_start, row.Length);
            return;
        }

        while (true)
        {
            int length = Delimiter(row[at..]);
            if (length < 0)
            {
                AddField(_start + at, row.Length - at);
                return;
            }

            AddField(_start + at, length);
            at += length + Width;
        }
    }

    private int Width => _separator?.Length ?? 1;

    private int Delimiter(ReadOnlySpan<byte> text) => _separator is null ? text.IndexOf(_delimiter) : text.IndexOf(_separator);

    private bool IsDelimiter(int at, int end) =>
        _separator is null ? _buffer[at] == _delimiter : _buffer.AsSpan(at, end - at).StartsWith(_separator);

    // White space between delimiters, which is never the delimiter itself.
    private int SkipWhite(int at, int end)
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(at, end - at);
        int white = 0;
        while (white < text.Length && (text[white] == ' ' || (text[white] == '\t' && _delimiter != '\t')))
        {
            white++;
        }

        return at + white;
    }

    private void Trim()
    {
        for (int i = 0; i < Count; i++)
        {
            if (_fieldStart[i] >= 0 && !_quotedField[i])
            {
                ReadOnlySpan<byte> field = _buffer.AsSpan(_fieldStart[i], _fieldLength[i]);
                ReadOnlySpan<byte> rest = Text.TrimStart(field);
                _fieldStart[i] += field.Length - rest.Length;
                _fieldLength[i] = Text.TrimEnd(rest).Length;
            }
        }
    }

    private void SplitSpaces(ReadOnlySpan<byte> row)
    {
        int at = 0;
        while (true)
        {
            int start = row[at..].IndexOfAnyExcept((byte)' ', (byte)'\t');
            if (start < 0)
            {
                break;
            }

            at += start;
            int length = row[at..].IndexOfAny((byte)' ', (byte)'\t');
            length = length < 0 ? row.Length - at : length;
            AddField(_start + at, length);
            at += length;
        }

        if (Count == 0)
        {
            Fault = Reasons.BlankLine;
        }
    }

    // RFC 4180: a field that starts with a quote ends at the next single quote; two quotes are one. A quote inside an unquoted field is
    // an ordinary character. A bad quote costs the physical line it starts in, not the rest of the file.
    private void SplitQuoted()
    {
        _unescapedLength = 0;
        int firstLength = _next - _start
            - (_next > _start && (_buffer[_next - 1] == '\n' || (_loose && _buffer[_next - 1] == '\r')) ? 1 : 0);
        int rowEnd = _start + firstLength;
        int lines = 1;
        int at = _start;
        while (true)
        {
            int opening = _loose ? SkipWhite(at, rowEnd) : at;
            if (opening >= rowEnd || _buffer[opening] != '"')
            {
                int end = Delimiter(_buffer.AsSpan(at, rowEnd - at));
                bool last = end < 0;
                int length = last ? rowEnd - at : end;
                AddField(at, last && length > 0 && _buffer[at + length - 1] == '\r' ? length - 1 : length);
                if (last)
                {
                    break;
                }

                at += length + Width;
                continue;
            }

            at = opening;
            int fieldStart = ++at;
            int from = fieldStart;
            int escapedStart = -1;
            while (true)
            {
                int quote = _buffer.AsSpan(from, rowEnd - from).IndexOf((byte)'"');
                if (quote < 0)
                {
                    // The record goes on in the next line: take that line in as well.
                    int before = _start;
                    if (rowEnd >= _end && _atEnd)
                    {
                        Reset(Reasons.UnclosedQuote, firstLength);
                        return;
                    }

                    from = rowEnd;
                    int more = LineLength(Math.Min(rowEnd + 1, _end), out bool tooLong);
                    int moved = before - _start;
                    if (tooLong || more < 0)
                    {
                        Reset(Reasons.UnclosedQuote, firstLength);
                        return;
                    }

                    MoveFields(moved);
                    from -= moved;
                    fieldStart -= moved;
                    rowEnd = rowEnd - moved + 1 + more;
                    lines++;
                    continue;
                }

                int quoteAt = from + quote;
                if (quoteAt + 1 < rowEnd && _buffer[quoteAt + 1] == '"')
                {
                    escapedStart = escapedStart < 0 ? _unescapedLength : escapedStart;
                    Unescape(fieldStart, quoteAt + 1);
                    fieldStart = from = quoteAt + 2;
                    continue;
                }

                if (escapedStart < 0)
                {
                    AddField(fieldStart, quoteAt - fieldStart);
                }
                else
                {
                    Unescape(fieldStart, quoteAt);
                    AddField(~escapedStart, _unescapedLength - escapedStart);
                }

                _quotedField[Count - 1] = true;
                at = quoteAt + 1;
                break;
            }

            at = _loose ? SkipWhite(at, rowEnd) : at;

            if (at < rowEnd && _buffer[at] == '\r' && at + 1 == rowEnd)
            {
                at++;
            }

            if (at >= rowEnd)
            {
                break;
            }

            if (!IsDelimiter(at, rowEnd))
            {
                Reset(Reasons.MalformedQuote, firstLength);
                return;
            }

            at += Width;
        }

        SetRow(rowEnd - _start, lines);
    }

    private void Reset(string fault, int firstLength)
    {
        Fault = fault;
        Count = 0;
        SetRow(firstLength, lines: 1);
    }

    private void MoveFields(int moved)
    {
        for (int i = 0; i < Count && moved != 0; i++)
        {
            if (_fieldStart[i] >= 0)
            {
                _fieldStart[i] -= moved;
            }
        }
    }

    private void Unescape(int from, int to)
    {
        int length = to - from;
        if (_unescapedLength + length > _unescaped.Length)
        {
            Array.Resize(ref _unescaped, Math.Max(256, Math.Max(_unescaped.Length * 2, _unescapedLength + length)));
        }

        _buffer.AsSpan(from, length).CopyTo(_unescaped.AsSpan(_unescapedLength));
        _unescapedLength += length;
    }

    private void AddField(int start, int length)
    {
        if (Count == _fieldStart.Length)
        {
            Array.Resize(ref _fieldStart, Count * 2);
            Array.Resize(ref _fieldLength, Count * 2);
            Array.Resize(ref _quotedField, Count * 2);
        }

        _quotedField[Count] = false;
        _fieldStart[Count] = start;
        _fieldLength[Count++] = length;
    }
}

/// <summary>Archives inside archives are refused: unpacking without end is how bombs work.</summary>
internal static class Archives
{
    public static void Refuse(InputFile file, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("PK\u0003\u0004"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]))
        {
            throw file.Broken("is an archive inside an archive; unpack the outer one and import the inner one");
        }

        if (head.StartsWith("Rar!"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x37, 0x7A, 0xBC, 0xAF]) || head.StartsWith("BZh"u8)
            || head.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A])
            || head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
        {
            throw file.Broken("is packed with something other than zip, gz or tar; unpack it and import the folder");
        }
    }
}
