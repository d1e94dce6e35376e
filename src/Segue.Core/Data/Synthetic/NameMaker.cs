using System.Globalization;
using Segue.Numerics.Sampling;

namespace Segue.Core.Data.Synthetic;

/// <summary>Invents pronounceable names from syllables. No name is given out twice.</summary>
internal sealed class NameMaker(Rng rng)
{
    private static readonly string[] Onsets =
    [
        "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z",
        "l", "m", "n", "r", "s", "t", "v", "br", "dr", "tr", "sh", "th", "qu",
    ];

    private static readonly string[] Vowels = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "a", "ia", "ei"];
    private static readonly string[] Codas = ["", "", "", "", "", "", "l", "n", "r", "s", "th", "x", "rn"];
    private static readonly string[] GenreEnds =
        ["wave", "step", "folk", "hop", "drone", "swing", "rock", "tronica", "blues", "chant", "pop", "dub"];
    private static readonly string[] Things =
    [
        "Lanterns", "Harbour", "Gardens", "Echoes", "Weather", "Rivers", "Staircase", "Machines", "Letters", "Winter", "Islands",
        "Mirrors", "Smoke", "Orbit", "Carousel",
    ];

    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public string Listener() => Unique(() => Word(2).ToLowerInvariant());

    public string Genre() => Unique(() => Word(1).ToLowerInvariant() + GenreEnds[rng.Next(GenreEnds.Length)]);

    public string Country() => Unique(() => Word(2) + (rng.Next(2) == 0 ? "ia" : "land"));

    // Three syllables and more: a shorter one too easily is the name of somebody.
    public string Artist() => Unique(() => rng.Next(4) switch
    {
        0 => $"The {Word(3)}",
        1 => $"{Word(2)} {Word(3)}",
        2 => $"{Word(3)} {Word(2)}",
        _ => Word(4),
    });

    public string Album() => Unique(() => rng.Next(3) switch
    {
        0 => Word(3),
        1 => $"{Word(2)} {Things[rng.Next(Things.Length)]}",
        _ => $"{Things[rng.Next(Things.Length)]} over {Word(3)}",
    });

    public string Track() => Unique(() => rng.Next(5) switch
    {
        0 => Word(3),
        1 => $"{Word(2)} {Word(2).ToLowerInvariant()}",
        2 => $"{Things[rng.Next(Things.Length)]} of {Word(2)}",
        3 => $"{Word(2)} {Things[rng.Next(Things.Length)]}",
        _ => $"Leaving {Word(3)}",
    });

    private string Word(int syllables)
    {
        string word = string.Empty;
        for (int s = 0; s < syllables; s++)
        {
            // An inner coda before an onset of two letters is hard to say, so only the last syllable closes.
            word += Onsets[rng.Next(Onsets.Length)] + Vowels[rng.Next(Vowels.Length)];
        }

        word += Codas[rng.Next(Codas.Length)];
        return char.ToUpperInvariant(word[0]) + word[1..];
    }

    private string Unique(Func<string> make)
    {
        for (int attempt = 0; attempt < 20; attempt++)
        {
            string name = make();
            if (_used.Add(name))
            {
                return name;
            }
        }

        // A very large world uses the syllables up; a number keeps the names apart.
        string stem = make();
        for (int n = 2; ; n++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{stem} {n}");
            if (_used.Add(name))
            {
                return name;
            }
        }
    }
}
