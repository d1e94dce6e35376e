using System.Runtime.InteropServices;

namespace Segue.Cli;

/// <summary>Ctrl-C and a polite request to end (SIGTERM): the first cancels the command, the second ends the process at once.</summary>
/// <remarks>Nothing is left half-written either way: every file and folder is written aside and then renamed.</remarks>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private Terminal? _terminal;
    private int _signals;

    /// <summary>Listens from now on.</summary>
    public StopSignals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Names the terminal to leave in order where the process ends at once.</summary>
    public void Attach(Terminal terminal) => Volatile.Write(ref _terminal, terminal);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Receive(PosixSignalContext signal)
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            // Not cancelled: the runtime ends the process.
            Volatile.Read(ref _terminal)?.SayStopped();
            return;
        }

        signal.Cancel = true;
        _source.Cancel();
    }
}
