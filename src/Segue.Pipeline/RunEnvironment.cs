using System.Reflection;
using System.Runtime.InteropServices;

namespace Segue.Pipeline;

/// <summary>What a figure depends on besides data and options.</summary>
public static class RunEnvironment
{
    /// <summary>Describes this machine and this build.</summary>
    /// <param name="threads">Threads the run is allowed.</param>
    public static EnvironmentSummary Describe(int threads) => new(
        Environment.ProcessorCount, Cpu(), RuntimeInformation.FrameworkDescription, Commit(), threads, RuntimeInformation.OSDescription);

    private static string Cpu()
    {
        const string ProcessorFile = "/proc/cpuinfo";
        if (File.Exists(ProcessorFile))
        {
            string? line = File.ReadLines(ProcessorFile).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
            if (line is not null)
            {
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            }
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string Commit()
    {
        string version = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? string.Empty;
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? "unknown" : version[(plus + 1)..];
    }
}

/// <summary>The highest working set of this process between its start and <see cref="Stop"/>, sampled every 20 ms.</summary>
public sealed class PeakMemory : IDisposable
{
    private readonly Timer _timer;
    private long _peak;

    /// <summary>Collects garbage, then starts watching, so that one model does not pay for the one before it.</summary>
    public PeakMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _timer = new Timer(_ => Sample(), null, 0, 20);
    }

    /// <summary>The peak so far, in MB (10⁶ bytes).</summary>
    public double Stop()
    {
        Sample();
        return Math.Round(Interlocked.Read(ref _peak) / 1e6, 1);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        long now = Environment.WorkingSet;
        long seen;
        while (now > (seen = Interlocked.Read(ref _peak)) && Interlocked.CompareExchange(ref _peak, now, seen) != seen)
        {
        }
    }
}
