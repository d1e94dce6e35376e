namespace Segue.Import.Engine;

/// <summary>Ids of items that have none: <c>artist – title</c>, written so that no two pairs give the same id.</summary>
internal sealed class ItemId
{
    private byte[] _buffer = new byte[256];

    /// <summary>
    /// <c>artist – title</c> (en dash). Where the artist itself holds an en dash or a backslash, a backslash stands before each.
    /// </summary>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> Compose(ReadOnlySpan<byte> artist, ReadOnlySpan<byte> title)
    {
        ReadOnlySpan<byte> dash = "–"u8, separator = " – "u8;
        int most = (artist.Length * 2) + separator.Length + title.Length;
        if (_buffer.Length < most)
        {
            _buffer = new byte[most];
        }

        int length;
        if (artist.IndexOf(dash) < 0 && artist.IndexOf((byte)'\\') < 0)
        {
            artist.CopyTo(_buffer);
            length = artist.Length;
        }
        else
        {
            length = 0;
            for (int i = 0; i < artist.Length; i++)
            {
                if (artist[i] == '\\' || artist[i..].StartsWith(dash))
                {
                    _buffer[length++] = (byte)'\\';
                }

                _buffer[length++] = artist[i];
            }
        }

        separator.CopyTo(_buffer.AsSpan(length));
        length += separator.Length;
        title.CopyTo(_buffer.AsSpan(length));
        return _buffer.AsSpan(0, length + title.Length);
    }
}
