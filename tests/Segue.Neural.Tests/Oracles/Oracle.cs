using System.Globalization;

namespace Segue.Neural.Tests.Oracles;

/// <summary>Arrays computed by PyTorch; generate.py beside this file wrote them.</summary>
internal static class Oracle
{
    private static readonly Lazy<Dictionary<string, (int[] Shape, string[] Values)>> Arrays = new(Read);

    public static int[] Shape(string name) => Arrays.Value[name].Shape;

    public static double[] Doubles(string name) => Array.ConvertAll(Arrays.Value[name].Values, v => double.Parse(v, CultureInfo.InvariantCulture));

    public static float[] Floats(string name) => Array.ConvertAll(Doubles(name), v => (float)v);

    public static int[] Integers(string name) => Array.ConvertAll(Arrays.Value[name].Values, v => int.Parse(v, CultureInfo.InvariantCulture));

    private static Dictionary<string, (int[] Shape, string[] Values)> Read()
    {
        using var reader = new StreamReader(typeof(Oracle).Assembly.GetManifestResourceStream("oracles.txt")!);
        var arrays = new Dictionary<string, (int[], string[])>();
        while (reader.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            int dimensions = int.Parse(parts[1], CultureInfo.InvariantCulture);
            int[] shape = [.. parts[2..(2 + dimensions)].Select(s => int.Parse(s, CultureInfo.InvariantCulture))];
            arrays.Add(parts[0], (shape, parts[(2 + dimensions)..]));
        }

        return arrays;
    }
}
