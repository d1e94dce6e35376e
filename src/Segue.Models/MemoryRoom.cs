using System.Globalization;
using Segue.Core;

namespace Segue.Models;

/// <summary>Refuses what memory cannot hold before anything is allocated, with the figures and the remedy.</summary>
internal static class MemoryRoom
{
    /// <summary>Bytes the process may have: the machine's memory, or less where a container or the runtime is held to less; infinity where it is not known.</summary>
    public static double Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes is > 0 and long bytes ? bytes : double.PositiveInfinity;

    /// <summary>Makes sure that all that is held at once fits.</summary>
    /// <param name="owner">For the message, for example <c>model 'ease'</c>.</param>
    /// <param name="what">What makes it so much, with the options as users write them; the bytes follow: <c>60000 items need</c>.</param>
    /// <param name="bytes">All of it.</param>
    /// <param name="remedy">What to do instead; asked for only where it does not fit, with the bytes there are.</param>
    /// <param name="available">Bytes there are; <see cref="Available"/> unless something else is the limit.</param>
    /// <param name="limit">What that is, for the message.</param>
    /// <exception cref="ModelFitException">It does not fit.</exception>
    public static void Require(string owner, string what, double bytes, Func<double, string> remedy, double? available = null, string limit = "this process may have")
    {
        double room = available ?? Available;
        if (bytes > room)
        {
            throw new ModelFitException($"{owner}: {what} {Gigabytes(bytes)}, and {limit} {Gigabytes(room)}; {remedy(room)}");
        }
    }

    /// <summary>For people: 12.3 GB.</summary>
    public static string Gigabytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB");
}
