using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Segue.Numerics.Sampling;
using Xunit.Sdk;

namespace Segue.Testing.Fuzz;

/// <summary>How many rounds a fuzz test has, and which.</summary>
/// <remarks>
/// <para>
/// Normally a few rounds, the same in every run, so that a build fails because of a change and never by luck. <c>SEGUE_FUZZ=2.5</c>
/// looks for trouble instead: new rounds for that many hours a test.
/// </para>
/// <para>
/// A failure names its seed and its round; <c>SEGUE_FUZZ_SEED=… SEGUE_FUZZ_ROUND=…</c> runs that round alone.
/// </para>
/// </remarks>
public static class FuzzTime
{
    /// <summary>The seed of the rounds that run in every build.</summary>
    public const ulong Seed = 20_261_121;

    /// <summary>True where <c>SEGUE_FUZZ</c> asks for a long run.</summary>
    public static bool IsLong => Number("SEGUE_FUZZ") > 0;

    /// <summary>Runs the rounds.</summary>
    /// <param name="name">Names the generators: two tests of different names draw different things.</param>
    /// <param name="rounds">Rounds in a normal build.</param>
    /// <param name="round">One round; gets its number from 0 and its own generator.</param>
    /// <param name="parts">Test cases that share the hours of a long run, for example the rows of a theory.</param>
    /// <exception cref="InvalidOperationException">A round failed; the message says how to run it alone.</exception>
    public static void Run(string name, int rounds, Action<int, Rng> round, int parts = 1)
    {
        ArgumentNullException.ThrowIfNull(round);
        ulong seed = Number("SEGUE_FUZZ_SEED") is double given ? (ulong)given : IsLong ? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) : Seed;
        if (Number("SEGUE_FUZZ_ROUND") is double only)
        {
            One(name, seed, (int)only, round);
            return;
        }

        long hours = (long)((Number("SEGUE_FUZZ") ?? 0) * 3600 * Stopwatch.Frequency / parts);
        long end = Stopwatch.GetTimestamp() + hours;
        for (int r = 0; IsLong ? Stopwatch.GetTimestamp() < end : r < rounds; r++)
        {
            One(name, seed, r, round);
        }
    }

    private static void One(string name, ulong seed, int number, Action<int, Rng> round)
    {
        try
        {
            round(number, new Rng(seed, string.Create(CultureInfo.InvariantCulture, $"{name}/{number}")));
        }
        catch (Exception e) when (e is not SkipException)
        {
            throw new InvalidOperationException(
                $"{name}, round {number}: {e.GetType().Name}: {e.Message} (alone: SEGUE_FUZZ_SEED={seed} SEGUE_FUZZ_ROUND={number})", e);
        }
    }

    private static double? Number(string variable) =>
        double.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
