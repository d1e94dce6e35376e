namespace Segue.Numerics;

/// <summary>The cancellation of the work that the current thread does, for kernels and loops that have no token of their own.</summary>
/// <remarks>
/// Long work enters a scope once, where it begins: a model's training, a ranking, an evaluation. All below it on the same thread, and
/// every helper that <see cref="Workers"/> asks, then stops soon after the token is cancelled: <see cref="Workers"/> checks between chunks,
/// long loops call <see cref="Check"/> once per block of work. The scope changes no result: it ends work or does nothing. No value that is
/// kept after a failure (a static field, a <see cref="Lazy{T}"/>) may be worked out under a scope: it would keep the cancellation.
/// <code>
/// using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
/// </code>
/// </remarks>
public readonly ref struct CancellationScope
{
    [ThreadStatic]
    private static CancellationToken _current;

    private readonly CancellationToken _outer;

    private CancellationScope(CancellationToken outer) => _outer = outer;

    /// <summary>The token of the innermost scope of this thread; none outside of any scope.</summary>
    public static CancellationToken Current => _current;

    /// <summary>Begins a scope that ends with <see cref="Dispose"/>, on the same thread.</summary>
    /// <param name="cancellation">
    /// Holds inside, in place of that of the scope around it; one that can never be cancelled leaves that in force.
    /// </param>
    /// <exception cref="OperationCanceledException">The token is cancelled already; no scope was begun.</exception>
    public static CancellationScope Enter(CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled)
        {
            cancellation = _current;
        }

        cancellation.ThrowIfCancellationRequested();
        return Hold(cancellation);
    }

    /// <summary>Stops where the innermost scope was cancelled; for loops, once per block of work.</summary>
    /// <exception cref="OperationCanceledException">The scope was cancelled.</exception>
    public static void Check() => _current.ThrowIfCancellationRequested();

    /// <summary>The same for a loop over many small things: looks once every 4,096 of them.</summary>
    /// <param name="n">Number of the thing in hand.</param>
    /// <exception cref="OperationCanceledException">The scope was cancelled.</exception>
    public static void CheckAt(int n)
    {
        if ((n & 4095) == 0)
        {
            _current.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Begins a scope that nothing stops, for what must be finished after a stop, for example a report.</summary>
    public static CancellationScope Suspend() => Hold(CancellationToken.None);

    /// <summary>Ends the scope: the one around it is in force again.</summary>
    public void Dispose() => _current = _outer;

    /// <summary>Begins a scope without a look at the token.</summary>
    internal static CancellationScope Hold(CancellationToken cancellation)
    {
        var scope = new CancellationScope(_current);
        _current = cancellation;
        return scope;
    }
}
