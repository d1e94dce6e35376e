using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Segue.Benchmarks;

/// <summary>A whole job timed by the stopwatch. Every class of this assembly that implements it is found by its name.</summary>
public interface IWholeTiming
{
    /// <summary>What stands behind <c>-- whole</c>, for example <c>ease</c>.</summary>
    string Name { get; }

    /// <summary>One line: what is timed, on what data.</summary>
    string Summary { get; }

    /// <summary>Runs the job and prints its timings.</summary>
    void Run(WholeContext context);
}

/// <summary>What a whole job gets from the command line: <c>whole NAME [key=value …]</c>.</summary>
public sealed class WholeContext(TextWriter output, IReadOnlyDictionary<string, string> settings)
{
    /// <summary>Threads to use: <c>threads=N</c>, else all processors.</summary>
    public int Threads => Setting("threads", Environment.ProcessorCount);

    /// <summary>Repetitions: <c>runs=N</c>.</summary>
    public int Runs => Setting("runs", 3);

    /// <summary>A whole number given as <c>name=value</c>.</summary>
    public int Setting(string name, int otherwise) =>
        settings.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>A number given as <c>name=value</c>.</summary>
    public double Setting(string name, double otherwise) =>
        settings.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>A text given as <c>name=value</c>.</summary>
    public string Setting(string name, string otherwise) => settings.GetValueOrDefault(name, otherwise);

    /// <summary>Prints a line.</summary>
    public void Print(string line) => output.WriteLine(line);

    /// <summary>Runs <paramref name="body"/> <see cref="Runs"/> times; prints the minimum and the median in seconds and the least processor time, all threads added; returns the minimum.</summary>
    /// <param name="what">Label of the line.</param>
    /// <param name="body">The job.</param>
    /// <param name="operations">Floating-point operations of one run, or 0: then no rate is printed.</param>
    public double Time(string what, Action body, double operations = 0)
    {
        var seconds = new double[Runs];
        double processor = double.MaxValue;
        for (int r = 0; r < seconds.Length; r++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            body();
            seconds[r] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            processor = Math.Min(processor, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }

        Array.Sort(seconds);
        string rate = operations > 0 ? Text($"  {operations / seconds[0] / 1e9,8:F1} GF/s") : string.Empty;
        Print(Text($"{what,-44} min {seconds[0],9:F4} s  median {seconds[seconds.Length / 2],9:F4} s  processor {processor,9:F4} s{rate}"));
        return seconds[0];
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>Finds and runs whole jobs.</summary>
public static class WholeTimings
{
    /// <summary>Runs the named job, or lists all where none is named.</summary>
    public static int Run(string[] args, TextWriter output)
    {
        IWholeTiming[] all = [.. typeof(WholeTimings).Assembly.GetTypes()
            .Where(t => t.IsClass && !t.IsAbstract && t.IsAssignableTo(typeof(IWholeTiming)))
            .Select(t => (IWholeTiming)Activator.CreateInstance(t)!)
            .OrderBy(t => t.Name, StringComparer.Ordinal)];
        IWholeTiming? job = args.Length == 0 ? null : Array.Find(all, t => t.Name == args[0]);
        if (job is null)
        {
            foreach (IWholeTiming timing in all)
            {
                output.WriteLine($"whole {timing.Name,-16} {timing.Summary}");
            }

            return args.Length == 0 ? 0 : 2;
        }

        var settings = args.Skip(1).Select(a => a.Split('=', 2)).ToDictionary(p => p[0], p => p.Length > 1 ? p[1] : "1");
        output.WriteLine($"{job.Name}: {job.Summary}");
        output.WriteLine($"{ProcessorName()}, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}");
        job.Run(new WholeContext(output, settings));
        return 0;
    }

    private static string ProcessorName()
    {
        const string Path = "/proc/cpuinfo";
        string? line = File.Exists(Path) ? File.ReadLines(Path).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
