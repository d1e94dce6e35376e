using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>A play of a Spotify export.</summary>
/// <param name="User">Number of the name in the row, −1 without.</param>
/// <param name="Key">Track.</param>
/// <param name="Uri">URI, −1 without.</param>
/// <param name="Time">When it stopped.</param>
/// <param name="Played">Milliseconds.</param>
/// <param name="IsMinute">The time is known to the minute only.</param>
/// <param name="File">Number of the file.</param>
/// <param name="Line">Line in it.</param>
/// <param name="Record">Record in it.</param>
internal readonly record struct SpotifyPlay(int User, int Key, int Uri, long Time, long Played, bool IsMinute, int File, long Line, long Record);

/// <summary>Whose plays they are: newer exports do not say, and two people's exports may stand side by side.</summary>
/// <remarks>
/// The name in a row says it, else the only name in the same archive or folder. Archives and folders without a name are one person's where
/// they share plays, as exports of one account that overlap do; otherwise each is a listener of its own.
/// </remarks>
internal sealed class SpotifyListeners
{
    // Two people's plays of one track may meet by chance; exports of one account share nearly all plays of their common time.
    private const int LeastShare = 5;

    private readonly int[] _identity;
    private readonly int[] _root;
    private readonly string[] _label;
    private readonly int[] _placeOfFile;
    private readonly int _names;
    private readonly bool _isGiven;
    private readonly int[] _onlyName;

    public SpotifyListeners(ImportRun run, IReadOnlyList<InputFile> files, StringTable names, SpotifyPlay[] plays)
    {
        _names = names.Count;
        _isGiven = run.Options.Listeners.Count > 0;
        bool each = run.Options.Listeners.Count > 1;
        string[] places = [.. files.Select(f => each ? $"{f.Place}!{f.Source}" : f.Place).Distinct(StringComparer.Ordinal)];
        _placeOfFile = [.. files.Select(f => Array.IndexOf(places, each ? $"{f.Place}!{f.Source}" : f.Place))];
        InputFile[] firsts = [.. places.Select((_, p) => files[Array.IndexOf(_placeOfFile, p)])];
        _onlyName = OnlyNames(places.Length, plays);
        _root = [.. Enumerable.Range(0, _names + places.Length)];
        _identity = [.. plays.Select(p => IdentityOf(p.User, p.File))];
        _label = [.. names.AsEnumerable(), .. firsts.Select(f => run.Listener(f) ?? "me")];
        if (_isGiven)
        {
            for (int p = 0; p < places.Length; p++)
            {
                _root[_names + p] = _names + Array.FindIndex(firsts, f => run.Listener(f) == run.Listener(firsts[p]));
            }

            return;
        }

        int[] used = [.. _identity.Distinct().Order()];
        int[] nameless = [.. used.Where(i => i >= _names)];
        foreach (int one in used.Length > 1 ? nameless : [])
        {
            foreach (int other in used.Where(o => o != one && (o < _names || o < one)))
            {
                if (Root(one) != Root(other) && Shares(plays, one, other) is > 0 and var shared)
                {
                    _root[Math.Max(Root(one), Root(other))] = Math.Min(Root(one), Root(other));
                    string both = Text.List([NameOf(one), NameOf(other)]);
                    run.Note($"{both} share {Plural.Of(shared, "play")} and count as one listener; if they are of several people, "
                        + "give --user NAME once for each path");
                }
            }
        }

        Label(run, firsts, [.. used.Where(i => Root(i) == i)], places);

        string NameOf(int identity) => identity < _names ? names[identity] : ImportRun.NameOf(places[identity - _names], "me");
    }

    /// <summary>Number of the listener of a play.</summary>
    public int Of(int play) => Root(_identity[play]);

    /// <summary>Number of the listener of a row that is no play.</summary>
    public int Of(int user, int file) => Root(IdentityOf(user, file));

    /// <summary>The name of a listener.</summary>
    public string this[int listener] => _label[listener];

    private int IdentityOf(int user, int file) => _isGiven ? _names + _placeOfFile[file]
        : user >= 0 ? user
        : _onlyName[_placeOfFile[file]] is >= 0 and var only ? only : _names + _placeOfFile[file];

    private int Root(int identity)
    {
        while (_root[identity] != identity)
        {
            identity = _root[identity];
        }

        return identity;
    }

    // The only name in the rows of a place; −1 where there is none, −2 where there are several.
    private int[] OnlyNames(int places, SpotifyPlay[] plays)
    {
        var only = new int[places];
        Array.Fill(only, -1);
        foreach (SpotifyPlay play in plays.Where(p => p.User >= 0))
        {
            ref int name = ref only[_placeOfFile[play.File]];
            name = name == -1 || name == play.User ? play.User : -2;
        }

        return only;
    }

    // How many plays of the time both cover are in both; 0 where they are too few to be one person's.
    private int Shares(SpotifyPlay[] plays, int one, int other)
    {
        SpotifyPlay[] first = [.. plays.Where((_, n) => Root(_identity[n]) == Root(one))];
        SpotifyPlay[] second = [.. plays.Where((_, n) => Root(_identity[n]) == Root(other))];
        (first, second) = first.Length <= second.Length ? (first, second) : (second, first);
        var exact = new HashSet<(int, long, long)>(second.Where(p => !p.IsMinute).Select(p => (p.Key, p.Played, p.Time)));
        var minute = new HashSet<(int, long, long)>(second.Select(p => (p.Key, p.Played, p.Time / 60)));
        var rough = new HashSet<(int, long, long)>(second.Where(p => p.IsMinute).Select(p => (p.Key, p.Played, p.Time / 60)));
        long from = second.Min(p => p.Time), to = second.Max(p => p.Time) + 60;
        int common = 0, shared = 0;
        foreach (SpotifyPlay play in first)
        {
            common += play.Time >= from - 60 && play.Time <= to ? 1 : 0;
            shared += play.IsMinute ? (minute.Contains((play.Key, play.Played, play.Time / 60)) ? 1 : 0)
                : exact.Contains((play.Key, play.Played, play.Time)) || rough.Contains((play.Key, play.Played, play.Time / 60)) ? 1 : 0;
        }

        return shared * LeastShare >= common ? shared : 0;
    }

    private void Label(ImportRun run, InputFile[] firsts, int[] roots, string[] places)
    {
        var taken = new HashSet<string>(roots.Where(r => r < _names).Select(r => _label[r]), StringComparer.Ordinal);
        int[] nameless = [.. roots.Where(r => r >= _names)];
        foreach (int root in roots.Length > 1 ? nameless : [])
        {
            string name = ImportRun.NameOf(places[root - _names], "me"), label = name;
            for (int n = 2; !taken.Add(label); n++)
            {
                label = $"{name}-{n}";
            }

            _label[root] = label;
        }

        if (roots.Length > 1 && nameless.Length > 0)
        {
            string all = Text.List(nameless.Select(r => _label[r]));
            run.Note((nameless.Length == 1
                ? $"{all} does not say whose plays it holds and shares none with the others: it is a listener of its own"
                : $"{all} do not say whose plays they hold and share none: each is a listener of its own")
                + ", named after the file or folder; if all are one person's, give --user NAME");
        }

        foreach (int root in nameless)
        {
            int files = _placeOfFile.Count(p => Root(_names + p) == root);
            if (files > 1 && !firsts[root - _names].IsPlaceNamed)
            {
                run.Note($"{files} files count as one listener '{Text.Printable(_label[root])}', as nothing in them says who it is; if they are of several "
                    + "people, give --user NAME once for each path");
            }
        }
    }
}
