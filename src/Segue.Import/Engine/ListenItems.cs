using Segue.Core.Data;

namespace Segue.Import.Engine;

/// <summary>What a scrobble says about its track, names in Unicode form C; empty where it says nothing.</summary>
internal readonly ref struct Listen(
    ReadOnlySpan<byte> artist, ReadOnlySpan<byte> title, ReadOnlySpan<byte> album, ReadOnlySpan<byte> trackMbid,
        ReadOnlySpan<byte> artistMbid, ReadOnlySpan<byte> albumMbid)
{
    public ReadOnlySpan<byte> Artist { get; } = Nfc.Of(artist);

    public ReadOnlySpan<byte> Title { get; } = Nfc.Of(title);

    public ReadOnlySpan<byte> Album { get; } = Nfc.Of(album);

    public ReadOnlySpan<byte> TrackMbid { get; } = trackMbid;

    public ReadOnlySpan<byte> ArtistMbid { get; } = artistMbid;

    public ReadOnlySpan<byte> AlbumMbid { get; } = albumMbid;
}

/// <summary>Adds scrobbles at any level: the id is the MBID of that level, else the names.</summary>
internal static class ListenItems
{
    public static void Add(
        ImportRun run, RowSource row, TableLog table, ItemId id, Utf8Interner tracks, ReadOnlySpan<byte> user, Listen listen, long time)
    {
        ReadOnlySpan<byte> trackId = !listen.TrackMbid.IsEmpty ? listen.TrackMbid
            : listen.Artist.IsEmpty || listen.Title.IsEmpty ? [] : id.Compose(listen.Artist, listen.Title);
        int detail = run.Level == "track" || trackId.IsEmpty ? 0 : tracks.Add(trackId) + 1;
        ReadOnlySpan<byte> itemId = run.Level switch
        {
            "artist" => listen.ArtistMbid.IsEmpty ? listen.Artist : listen.ArtistMbid,
            "album" when !listen.AlbumMbid.IsEmpty => listen.AlbumMbid,
            "album" => listen.Artist.IsEmpty || listen.Album.IsEmpty ? [] : id.Compose(listen.Artist, listen.Album),
            _ => trackId,
        };
        if (!ImportRun.HasIds(user, itemId, table, row))
        {
            return;
        }

        ReadOnlySpan<byte> name = run.Level switch { "artist" => listen.Artist, "album" => listen.Album, _ => listen.Title };
        int item = run.Builder.Item(itemId, name, listen.Artist, run.Level == "track" ? listen.Album : []);
        ImportRun.Settle(run.Builder.TryInteraction(run.Builder.User(user), item, time, detail: detail), table, row);
    }
}
