using System.Runtime.ExceptionServices;
using Segue.Core;

namespace Segue.Cli.Commands;

/// <summary>A failure that is told after the results are printed: what cannot be written is not lost.</summary>
internal static class Failure
{
    /// <summary>Writes something; gives the failure, to be thrown later, or null.</summary>
    public static ExceptionDispatchInfo? Of(Action write)
    {
        try
        {
            write();
            return null;
        }
        catch (SegueException e)
        {
            return ExceptionDispatchInfo.Capture(e);
        }
    }

    /// <summary>Says what of killed runs was removed.</summary>
    public static void SayRemoved(this Terminal terminal, IReadOnlyList<string> leftovers)
    {
        foreach (string path in leftovers)
        {
            terminal.Say($"removed {path}, which a run that was killed had left");
        }
    }
}
