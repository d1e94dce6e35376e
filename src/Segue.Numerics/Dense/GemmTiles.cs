using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Segue.Numerics.Dense;

/// <summary>
/// The innermost loops of <see cref="Gemm"/>: C tile (+)= packed A panel · packed B panel, every sum in order of the inner index.
/// </summary>
/// <remarks>
/// The panels hold tile height (A) and tile width (B) values for each inner index, one after the other. The accumulators are
/// separate locals because only then does the JIT keep them in registers. Tile shapes follow Goto and van de Geijn, "Anatomy of
/// high-performance matrix multiplication", ACM TOMS 2008: as many accumulators as there are registers beside one row of B and
/// one broadcast value, wide enough that loads do not limit the multiply-add units.
/// </remarks>
internal static class GemmTiles
{
    /// <summary>4 × 4 in plain floats.</summary>
    internal static unsafe void ScalarTile(int inner, float* a, float* b, float* c, nint stride, bool add)
    {
        float* sums = stackalloc float[16];
        new Span<float>(sums, 16).Clear();
        for (int p = 0; p < inner; p++)
        {
            float b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
            for (int i = 0; i < 4; i++)
            {
                float x = a[i];
                float* row = sums + (4 * i);
                row[0] += x * b0;
                row[1] += x * b1;
                row[2] += x * b2;
                row[3] += x * b3;
            }

            a += 4;
            b += 4;
        }

        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                c[(i * stride) + j] = sums[(4 * i) + j] + (add ? c[(i * stride) + j] : 0f);
            }
        }
    }

    /// <summary>8 × 48: 24 accumulators of 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Vector512Tile(int inner, float* a, float* b, float* c, nint stride, bool add)
    {
        Vector512<float> c00 = Vector512<float>.Zero, c01 = Vector512<float>.Zero, c02 = Vector512<float>.Zero;
        Vector512<float> c10 = Vector512<float>.Zero, c11 = Vector512<float>.Zero, c12 = Vector512<float>.Zero;
        Vector512<float> c20 = Vector512<float>.Zero, c21 = Vector512<float>.Zero, c22 = Vector512<float>.Zero;
        Vector512<float> c30 = Vector512<float>.Zero, c31 = Vector512<float>.Zero, c32 = Vector512<float>.Zero;
        Vector512<float> c40 = Vector512<float>.Zero, c41 = Vector512<float>.Zero, c42 = Vector512<float>.Zero;
        Vector512<float> c50 = Vector512<float>.Zero, c51 = Vector512<float>.Zero, c52 = Vector512<float>.Zero;
        Vector512<float> c60 = Vector512<float>.Zero, c61 = Vector512<float>.Zero, c62 = Vector512<float>.Zero;
        Vector512<float> c70 = Vector512<float>.Zero, c71 = Vector512<float>.Zero, c72 = Vector512<float>.Zero;
        for (int p = 0; p < inner; p++)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> b2 = Vector512.Load(b + 32);
            Vector512<float> x;
            x = Vector512.Create(a[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(x, b2, c02);
            x = Vector512.Create(a[1]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            c12 = Vector512.FusedMultiplyAdd(x, b2, c12);
            x = Vector512.Create(a[2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            c22 = Vector512.FusedMultiplyAdd(x, b2, c22);
            x = Vector512.Create(a[3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            c32 = Vector512.FusedMultiplyAdd(x, b2, c32);
            x = Vector512.Create(a[4]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            c42 = Vector512.FusedMultiplyAdd(x, b2, c42);
            x = Vector512.Create(a[5]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            c52 = Vector512.FusedMultiplyAdd(x, b2, c52);
            x = Vector512.Create(a[6]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            c62 = Vector512.FusedMultiplyAdd(x, b2, c62);
            x = Vector512.Create(a[7]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            c72 = Vector512.FusedMultiplyAdd(x, b2, c72);
            a += 8;
            b += 48;
        }

        Write(c, c00, c01, c02, add);
        Write(c + stride, c10, c11, c12, add);
        Write(c + (2 * stride), c20, c21, c22, add);
        Write(c + (3 * stride), c30, c31, c32, add);
        Write(c + (4 * stride), c40, c41, c42, add);
        Write(c + (5 * stride), c50, c51, c52, add);
        Write(c + (6 * stride), c60, c61, c62, add);
        Write(c + (7 * stride), c70, c71, c72, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Write(float* c, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, bool add)
    {
        if (add)
        {
            v0 += Vector512.Load(c);
            v1 += Vector512.Load(c + 16);
            v2 += Vector512.Load(c + 32);
        }

        v0.Store(c);
        v1.Store(c + 16);
        v2.Store(c + 32);
    }

    /// <summary>6 × 16: 12 accumulators of 8 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Vector256Tile(int inner, float* a, float* b, float* c, nint stride, bool add)
    {
        Vector256<float> c00 = Vector256<float>.Zero, c01 = Vector256<float>.Zero;
        Vector256<float> c10 = Vector256<float>.Zero, c11 = Vector256<float>.Zero;
        Vector256<float> c20 = Vector256<float>.Zero, c21 = Vector256<float>.Zero;
        Vector256<float> c30 = Vector256<float>.Zero, c31 = Vector256<float>.Zero;
        Vector256<float> c40 = Vector256<float>.Zero, c41 = Vector256<float>.Zero;
        Vector256<float> c50 = Vector256<float>.Zero, c51 = Vector256<float>.Zero;
        for (int p = 0; p < inner; p++)
        {
            Vector256<float> b0 = Vector256.Load(b);
            Vector256<float> b1 = Vector256.Load(b + 8);
            Vector256<float> x;
            x = Vector256.Create(a[0]);
            c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
            x = Vector256.Create(a[1]);
            c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
            x = Vector256.Create(a[2]);
            c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
            x = Vector256.Create(a[3]);
            c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
            x = Vector256.Create(a[4]);
            c40 = Vector256.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(x, b1, c41);
            x = Vector256.Create(a[5]);
            c50 = Vector256.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(x, b1, c51);
            a += 6;
            b += 16;
        }

        Write(c, c00, c01, add);
        Write(c + stride, c10, c11, add);
        Write(c + (2 * stride), c20, c21, add);
        Write(c + (3 * stride), c30, c31, add);
        Write(c + (4 * stride), c40, c41, add);
        Write(c + (5 * stride), c50, c51, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Write(float* c, Vector256<float> v0, Vector256<float> v1, bool add)
    {
        if (add)
        {
            v0 += Vector256.Load(c);
            v1 += Vector256.Load(c + 8);
        }

        v0.Store(c);
        v1.Store(c + 8);
    }

    /// <summary>6 × 8: 12 accumulators of 4 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void Vector128Tile(int inner, float* a, float* b, float* c, nint stride, bool add)
    {
        Vector128<float> c00 = Vector128<float>.Zero, c01 = Vector128<float>.Zero;
        Vector128<float> c10 = Vector128<float>.Zero, c11 = Vector128<float>.Zero;
        Vector128<float> c20 = Vector128<float>.Zero, c21 = Vector128<float>.Zero;
        Vector128<float> c30 = Vector128<float>.Zero, c31 = Vector128<float>.Zero;
        Vector128<float> c40 = Vector128<float>.Zero, c41 = Vector128<float>.Zero;
        Vector128<float> c50 = Vector128<float>.Zero, c51 = Vector128<float>.Zero;
        for (int p = 0; p < inner; p++)
        {
            Vector128<float> b0 = Vector128.Load(b);
            Vector128<float> b1 = Vector128.Load(b + 4);
            Vector128<float> x;
            x = Vector128.Create(a[0]);
            c00 += x * b0;
            c01 += x * b1;
            x = Vector128.Create(a[1]);
            c10 += x * b0;
            c11 += x * b1;
            x = Vector128.Create(a[2]);
            c20 += x * b0;
            c21 += x * b1;
            x = Vector128.Create(a[3]);
            c30 += x * b0;
            c31 += x * b1;
            x = Vector128.Create(a[4]);
            c40 += x * b0;
            c41 += x * b1;
            x = Vector128.Create(a[5]);
            c50 += x * b0;
            c51 += x * b1;
            a += 6;
            b += 8;
        }

        Write(c, c00, c01, add);
        Write(c + stride, c10, c11, add);
        Write(c + (2 * stride), c20, c21, add);
        Write(c + (3 * stride), c30, c31, add);
        Write(c + (4 * stride), c40, c41, add);
        Write(c + (5 * stride), c50, c51, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Write(float* c, Vector128<float> v0, Vector128<float> v1, bool add)
    {
        if (add)
        {
            v0 += Vector128.Load(c);
            v1 += Vector128.Load(c + 4);
        }

        v0.Store(c);
        v1.Store(c + 4);
    }
}
