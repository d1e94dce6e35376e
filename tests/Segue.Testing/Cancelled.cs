using Segue.Numerics;
using Xunit;

namespace Segue.Testing;

/// <summary>What long work does where it is cancelled.</summary>
public static class Cancelled
{
    /// <summary>
    /// Asserts that <paramref name="work"/> stops in a scope that was cancelled after it was entered, so by its own look at it, and that
    /// the same work ends where nothing is cancelled.
    /// </summary>
    public static void Stops(Action work)
    {
        using var stop = new CancellationTokenSource();
        using (CancellationScope.Enter(stop.Token))
        {
            stop.Cancel();
            Assert.Throws<OperationCanceledException>(work);
        }

        work();
    }
}
