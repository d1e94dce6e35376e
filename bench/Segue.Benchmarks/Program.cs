using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Segue.Benchmarks;

// dotnet run -c Release --project bench/Segue.Benchmarks -- --filter '*Gemm*'      kernels, through BenchmarkDotNet
// dotnet run -c Release --project bench/Segue.Benchmarks -- whole ease             a whole job, by the stopwatch
// dotnet run -c Release --project bench/Segue.Benchmarks -- whole                  the list of whole jobs
if (args is ["whole", ..])
{
    return WholeTimings.Run(args[1..], Console.Out);
}

// In process, because the project this would otherwise generate escapes the repository's central package versions.
IConfig config = DefaultConfig.Instance
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumn(new OperationsColumn());
BenchmarkSwitcher.FromAssembly(typeof(WholeTimings).Assembly).Run(args, config);
return 0;
