using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Segue.Numerics;

/// <summary>Which form of a kernel runs. Results of different paths differ in the last bits, results of one path never do.</summary>
public enum SimdPath
{
    /// <summary>The widest path that this processor runs in hardware.</summary>
    Best,

    /// <summary>Plain loops without vectors: every processor.</summary>
    Scalar,

    /// <summary>128-bit vectors: SSE and NEON.</summary>
    Vector128,

    /// <summary>256-bit vectors: AVX2 with fused multiply-add.</summary>
    Vector256,

    /// <summary>512-bit vectors: AVX-512.</summary>
    Vector512,
}

/// <summary>What this processor runs.</summary>
public static class SimdPaths
{
    /// <summary>Every path that runs in hardware here, narrowest first; tests run each kernel on all of them.</summary>
    public static IReadOnlyList<SimdPath> Supported { get; } =
        [.. Enum.GetValues<SimdPath>().Where(p => p != SimdPath.Best && IsSupported(p))];

    /// <summary>The path meant by <paramref name="path"/> on this processor.</summary>
    /// <exception cref="PlatformNotSupportedException">A named path does not run here.</exception>
    public static SimdPath Resolve(SimdPath path)
    {
        if (path == SimdPath.Best)
        {
            return Supported[^1];
        }

        return IsSupported(path)
            ? path
            : throw new PlatformNotSupportedException($"this processor does not run {path}; use {nameof(SimdPath.Best)} or one of {string.Join(", ", Supported)}");
    }

    private static bool IsSupported(SimdPath path) => path switch
    {
        SimdPath.Scalar => true,
        SimdPath.Vector128 => Vector128.IsHardwareAccelerated,
        SimdPath.Vector256 => Vector256.IsHardwareAccelerated && Fma.IsSupported,
        SimdPath.Vector512 => Avx512F.IsSupported,
        _ => false,
    };
}
