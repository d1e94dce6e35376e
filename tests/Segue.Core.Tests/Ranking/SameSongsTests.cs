using Segue.Core.Data;
using Segue.Core.Ranking;
using Xunit;

namespace Segue.Core.Tests.Ranking;

public class SameSongsTests
{
    // Items 0, 2 and 5 are one song: the artist is written in two ways, the title in three (é as one character and as two).
    private static readonly Catalog Music = new()
    {
        Names = new StringTable(["Été", "Tide", " E\u0301te\u0301", "Été (live)", "Été", "ÉTÉ", "", ""]),
        Artists = new StringTable(["Velta Moor", "VELTA MOOR", "Other"]),
        ItemArtist = new[] { 0, 0, 1, 0, 2, 0, 0, 0 },
    };

    [Fact]
    public void Items_with_one_artist_and_one_title_are_one_song()
    {
        var songs = SameSongs.Of(Music);
        foreach (int item in (int[])[0, 2, 5])
        {
            Assert.Equal([0, 2, 5], songs.Items(item).ToArray());
            Assert.Equal(0, songs.SongOf(item));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    public void Another_title_another_artist_and_no_title_are_songs_of_their_own(int item)
    {
        var songs = SameSongs.Of(Music);
        Assert.Equal(item, songs.SongOf(item));
        Assert.True(songs.Items(item).IsEmpty);
    }

    [Fact]
    public void Without_artists_or_names_every_item_is_its_own_song()
    {
        Assert.True(SameSongs.Of(Music with { ItemArtist = default }).IsEmpty);
        Assert.True(SameSongs.Of(Music with { Names = StringTable.Empty }).IsEmpty);
        Assert.True(SameSongs.Of(Music with { ItemArtist = new[] { -1, -1, -1, -1, -1, -1, -1, -1 } }).IsEmpty);
        Assert.True(SameSongs.None.IsEmpty);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_compared_as_it_is()
    {
        var songs = SameSongs.Of(new Catalog { Names = new StringTable(["\ud83d", "\ud83d"]), Artists = new StringTable(["a"]), ItemArtist = new[] { 0, 0 } });
        Assert.Equal(0, songs.SongOf(1));
    }
}
