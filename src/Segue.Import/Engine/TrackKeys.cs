using System.Text;
using Segue.Core.Data;

namespace Segue.Import.Engine;

/// <summary>
/// Tracks known by artist and title, some of them also by URI, so that rows with and without a URI meet: a row without takes the
/// first URI that any row gave for the same artist and title.
/// </summary>
internal sealed class TrackKeys
{
    private readonly ItemId _id = new();
    private readonly Utf8Interner _keys = new(), _uris = new(), _texts = new();
    private readonly List<(int Artist, int Title)> _names = [];
    private readonly List<int> _albums = [], _firstUri = [];
    private StringTable _keyTable = StringTable.Empty, _uriTable = StringTable.Empty, _textTable = StringTable.Empty;

    /// <summary>Number of a track by its names, in Unicode form C; the album is that of the first row that has one.</summary>
    public int Add(ReadOnlySpan<byte> artist, ReadOnlySpan<byte> title, ReadOnlySpan<byte> album)
    {
        artist = Nfc.Of(artist);
        title = Nfc.Of(title);
        album = Nfc.Of(album);
        int key = _keys.Add(_id.Compose(artist, title));
        if (key == _names.Count)
        {
            _names.Add((_texts.Add(artist), _texts.Add(title)));
            _albums.Add(-1);
            _firstUri.Add(-1);
        }

        if (_albums[key] < 0 && !album.IsEmpty)
        {
            _albums[key] = _texts.Add(album);
        }

        return key;
    }

    /// <summary>Number of a URI, −1 where it is empty.</summary>
    public int AddUri(int key, ReadOnlySpan<byte> uri)
    {
        if (uri.IsEmpty)
        {
            return -1;
        }

        int number = _uris.Add(uri);
        if (_firstUri[key] < 0)
        {
            _firstUri[key] = number;
        }

        return number;
    }

    /// <summary>
    /// The item of a row: at track level the URI, else the first URI of the same names, else <c>artist – title</c>; at artist level
    /// the artist; at album level <c>artist – album</c>, or −1 where no row names the album. Only after all rows were added.
    /// </summary>
    public int Item(DatasetBuilder builder, string level, int key, int uri)
    {
        if (_keyTable.Count != _keys.Count)
        {
            (_keyTable, _uriTable, _textTable) = (_keys.ToTable(), _uris.ToTable(), _texts.ToTable());
        }

        string artist = _textTable[_names[key].Artist];
        string album = _albums[key] < 0 ? string.Empty : _textTable[_albums[key]];
        uri = uri < 0 ? _firstUri[key] : uri;
        return level switch
        {
            "artist" => builder.Item(artist, artist, artist),
            "album" when album.Length == 0 => -1,
            "album" => builder.Item(Encoding.UTF8.GetString(_id.Compose(Encoding.UTF8.GetBytes(artist), Encoding.UTF8.GetBytes(album))),
                album, artist),
            _ => builder.Item(uri < 0 ? _keyTable[key] : _uriTable[uri], _textTable[_names[key].Title], artist, album),
        };
    }

    /// <summary><c>artist – title</c>.</summary>
    public string Describe(int key) => _keys[key];
}
