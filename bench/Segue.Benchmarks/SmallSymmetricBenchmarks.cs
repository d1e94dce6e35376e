using BenchmarkDotNet.Attributes;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>The kernels behind one row of a factorization: 64 entries, <see cref="Size"/> factors.</summary>
public unsafe class SmallSymmetricBenchmarks
{
    private const int Count = 64;
    private AlignedBuffer _rows = new(0), _source = new(0), _matrix = new(0), _result = new(0), _inverse = new(0), _vector = new(0), _copy = new(0);

    [Params(64, 128)]
    public int Size { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _rows = new((long)(Count + 8) * Size);
        _result = new((long)Count * Size);
        _source = new((long)Size * Size);
        _matrix = new((long)Size * Size);
        _copy = new((long)Size * Size);
        _inverse = new(Size);
        _vector = new(Size);
        var rng = new Rng(1, "bench/small");
        rng.FillGaussian(_rows.Span, 0.1f);
        rng.FillGaussian(_vector.Span, 0.1f);
        for (int i = 0; i < Size; i++)
        {
            _source.Span[(i * Size) + i] = 1f;
        }

        SmallSymmetric.AddGram(_rows.Pointer, Count, Size, Size, _source.Pointer);
        _source.Span.CopyTo(_matrix.Span);
        SmallSymmetric.Factor(_matrix.Pointer, Size, Size, _inverse.Pointer);
    }

    [Benchmark]
    public void Gram() => SmallSymmetric.AddGram(_rows.Pointer, Count, Size, Size, _copy.Pointer);

    [Benchmark]
    public bool Factor()
    {
        _source.Span.CopyTo(_copy.Span);
        return SmallSymmetric.Factor(_copy.Pointer, Size, Size, _inverse.Pointer);
    }

    [Benchmark]
    public void Solve() => SmallSymmetric.Solve(_matrix.Pointer, Size, Size, _inverse.Pointer, _vector.Pointer);

    [Benchmark]
    public void Multiply() => SmallSymmetric.Multiply(_rows.Pointer, Count, Size, _source.Pointer, _result.Pointer);

    [Benchmark]
    public void NormalProduct() => SmallSymmetric.AddNormalProduct(_rows.Pointer, Count, Size, _vector.Pointer, _inverse.Pointer);
}
