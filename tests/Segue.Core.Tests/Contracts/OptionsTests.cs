using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Contracts;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public enum Flavour
{
    Plain,
    DarkChocolate,
}

public sealed record SampleOptions : ModelOptions
{
    [Range(1, 512)]
    [Description("how wide")]
    public int EmbeddingSize { get; init; } = 64;

    [Range(0.0, 1.0)]
    [Description("how much")]
    public double Share { get; init; } = 0.5;

    [Description("anything")]
    public double Free { get; init; }

    [Description("on or off")]
    public bool TfIdf { get; init; }

    [Description("which")]
    public Flavour Flavour { get; init; }

    [Description("words")]
    public string Note { get; init; } = string.Empty;
}

public sealed class OptionsTests
{
    [Fact]
    public void Every_option_is_described_in_order()
    {
        Assert.Equal(
            [
                new("embedding_size", "int", "64", "1 … 512", "how wide"),
                new("share", "number", "0.5", "0 … 1", "how much"),
                new("free", "number", "0", "", "anything"),
                new("tf_idf", "bool", "false", "", "on or off"),
                new("flavour", "plain|dark_chocolate", "plain", "", "which"),
                new("note", "text", "", "", "words"),
            ],
            OptionsText.Describe(typeof(SampleOptions)));
    }

    [Fact]
    public void Options_come_back_from_their_text() => Prop.ForAll(
        (from size in Gen.Choose(1, 512)
         from share in Gen.Choose(0, int.MaxValue - 1)
         from free in ArbMap.Default.GeneratorFor<NormalFloat>()
         from flag in Gen.Elements(true, false)
         from flavour in Gen.Elements(Flavour.Plain, Flavour.DarkChocolate)
         from note in Gen.Elements("", "a=b:c", "2009-05-01T12:00:00Z")
         select new SampleOptions
         {
             EmbeddingSize = size,
             Share = share / (double)int.MaxValue,
             Free = (double)free,
             TfIdf = flag,
             Flavour = flavour,
             Note = note,
         }).ToArbitrary(),
        options =>
        {
            string text = "sample:" + OptionsText.ChangedText(options);
            Assert.Equal(options, Read(text));
            IEnumerable<KeyValuePair<string, string>> all = OptionsText.ToPairs(options)
                .Select(p => new KeyValuePair<string, string>(p.Key, OptionsText.Format(p.Value)));
            Assert.Equal(options, OptionsText.FromPairs(typeof(SampleOptions), all, "model 'sample'"));
        }).Check(Properties.Cases());

    [Theory]
    [InlineData("sample")]
    [InlineData("sample:")]
    [InlineData(" sample : ")]
    [InlineData("sample:,,")]
    public void Nothing_named_is_the_default(string text) => Assert.Equal(new SampleOptions(), Read(text));

    [Theory]
    [InlineData("sample:embeding_size=8", "did you mean 'embedding_size'?")]
    [InlineData("sample:EmbeddingSize=8", "Known: embedding_size")]
    [InlineData("sample:size=8", "'embedding_size'")]
    [InlineData("sample:zzz=8", "Known: embedding_size, share, free, tf_idf, flavour, note")]
    [InlineData("sample:embedding_size=0", "give a value from 1 to 512")]
    [InlineData("sample:embedding_size=513", "is 513; give a value from 1 to 512")]
    [InlineData("sample:embedding_size=8.5", "a whole number")]
    [InlineData("sample:embedding_size=1e2", "a whole number")]
    [InlineData("sample:embedding_size=99999999999", "a whole number")]
    [InlineData("sample:embedding_size=", "a whole number")]
    [InlineData("sample:embedding_size=１", "a whole number")]
    [InlineData("sample:share=1.0000001", "from 0 to 1")]
    [InlineData("sample:share=-0.1", "from 0 to 1")]
    [InlineData("sample:share=NaN", "a number")]
    [InlineData("sample:free=NaN", "a number")]
    [InlineData("sample:free=Infinity", "a number")]
    [InlineData("sample:free=1e999", "a number")]
    [InlineData("sample:share=half", "a number")]
    [InlineData("sample:share=0 5", "a number")]
    [InlineData("sample:tf_idf=maybe", "true or false")]
    [InlineData("sample:flavour=dark_choclate", "did you mean 'dark_chocolate'?")]
    [InlineData("sample:flavour=DarkChocolate", "dark_chocolate")]
    [InlineData("sample:flavour=1", "plain, dark_chocolate")]
    [InlineData("sample:share=0.5,share=0.5", "given twice")]
    [InlineData("sample:share", "is not key=value")]
    [InlineData("sample:=1", "is not key=value")]
    [InlineData("sample:share=0,5", "'5' in 'sample:share=0,5' is not key=value")]
    [InlineData("sample:label=a,label=b", "given twice")]
    [InlineData("sample:label=", "empty")]
    public void What_is_wrong_is_named(string text, string expected)
    {
        OptionException error = Assert.Throws<OptionException>(() => Read(text));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_is_set_apart()
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, string? label) =
            OptionsText.ParseSpecification(" als : embedding_size = 8 , label = big one , note=a:b=c ");
        Assert.Equal(("als", "big one"), (name, label));
        Assert.Equal([new("embedding_size", "8"), new("note", "a:b=c")], pairs);
        Assert.Null(OptionsText.ParseSpecification("als:embedding_size=8").Label);
    }

    [Fact]
    public void Numbers_do_not_depend_on_the_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            comma.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = comma;
            var options = (SampleOptions)Read("sample:share=0.25,free=-1.5");
            Assert.Equal((0.25, -1.5), (options.Share, options.Free));
            Assert.Equal("share=0.25,free=-1.5", OptionsText.ChangedText(options));
            Assert.Equal("0.5", OptionsText.Describe(typeof(SampleOptions))[1].Default);
            Assert.Contains("2.5", Assert.Throws<OptionException>(() => Read("sample:share=2.5")).Message, StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Values_set_in_code_are_validated_too()
    {
        OptionsText.Validate(new SampleOptions(), "model 'sample'");
        SampleOptions[] wrong =
        [
            new() { EmbeddingSize = 0 }, new() { Share = double.NaN }, new() { Share = 2 }, new() { Free = double.NaN },
            new() { Free = double.NegativeInfinity }, new() { Flavour = (Flavour)7 },
        ];
        Assert.All(wrong, options =>
        {
            OptionException error = Assert.Throws<OptionException>(() => OptionsText.Validate(options, "model 'sample'"));
            Assert.Contains("of model 'sample'", error.Message, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("EmbeddingSize", "embedding_size")]
    [InlineData("KVal", "k_val")]
    [InlineData("TfIdf", "tf_idf")]
    [InlineData("Bm25", "bm25")]
    [InlineData("x", "x")]
    [InlineData("", "")]
    public void Names_are_snake_case_outside(string inside, string outside) => Assert.Equal(outside, OptionsText.SnakeCase(inside));

    private static Options Read(string text)
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(text);
        return OptionsText.FromPairs(typeof(SampleOptions), pairs, $"model '{name}'");
    }
}
