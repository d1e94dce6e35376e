using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.RegularExpressions;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Import;
using Segue.Models;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>Names and options as the outside sees them.</summary>
public sealed partial class NamingTests
{
    public static TheoryData<Type> OptionTypes =>
    [
        .. new[] { typeof(Options).Assembly, typeof(ModelCatalog).Assembly, typeof(FormatCatalog).Assembly, typeof(Segue.Pipeline.Experiment).Assembly }
            .SelectMany(a => a.GetTypes())
            .Where(t => t.IsSubclassOf(typeof(Options)) && !t.IsAbstract),
    ];

    [Fact]
    public void Names_are_kebab_case_and_unique()
    {
        string[][] catalogs =
        [
            [.. ModelCatalog.All.Select(m => m.Name)], [.. SplitCatalog.All.Select(s => s.Name)], [.. FormatCatalog.All.Select(f => f.Name)],
        ];
        Assert.All(catalogs, names =>
        {
            Assert.NotEmpty(names);
            Assert.Equal(names.Distinct().Count(), names.Length);
            Assert.All(names, name => Assert.Matches(KebabCase(), name));
        });
    }

    [Fact]
    public void Everything_in_a_catalog_says_what_it_is()
    {
        Assert.All(ModelCatalog.All, m => Assert.False(string.IsNullOrWhiteSpace(m.Summary) || string.IsNullOrWhiteSpace(m.Source), m.Name));
        Assert.All(SplitCatalog.All, s => Assert.False(string.IsNullOrWhiteSpace(s.Summary), s.Name));
        Assert.All(FormatCatalog.All, f => Assert.False(string.IsNullOrWhiteSpace(f.Summary), f.Name));
    }

    [Fact]
    public void Every_model_and_split_has_options_of_its_own()
    {
        Type[] used = [.. ModelCatalog.All.Select(m => m.OptionsType), .. SplitCatalog.All.Select(s => s.OptionsType)];
        Assert.Equal(used.Distinct().Count(), used.Length);
        Assert.Empty(OptionTypes.Select(t => t.Data).Where(t => t.IsSubclassOf(typeof(ModelOptions)) || t.IsSubclassOf(typeof(SplitOptions))).Except(used));
    }

    [Theory]
    [MemberData(nameof(OptionTypes))]
    public void Every_option_has_a_meaning_a_range_and_a_valid_default(Type type)
    {
        Assert.True(type.IsSealed, $"{type.Name} is not sealed");
        Assert.EndsWith("Options", type.Name, StringComparison.Ordinal);
        var defaults = (Options)Activator.CreateInstance(type)!;
        OptionsText.Validate(defaults, type.Name);
        Assert.Equal(defaults, OptionsText.FromPairs(type, [], type.Name));
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string where = $"{type.Name}.{property.Name}";
            Assert.True(property.CanWrite, $"{where} cannot be set");
            Assert.True(
                property.PropertyType.IsEnum || new[] { typeof(bool), typeof(int), typeof(double), typeof(string) }.Contains(property.PropertyType),
                $"{where} is {property.PropertyType}, which is not an option type");
            Assert.False(string.IsNullOrWhiteSpace(property.GetCustomAttribute<DescriptionAttribute>()?.Description), $"{where} has no description");
            Assert.Matches(SnakeCase(), OptionsText.SnakeCase(property.Name));
            if (property.PropertyType == typeof(int) || property.PropertyType == typeof(double))
            {
                Assert.True(property.GetCustomAttribute<RangeAttribute>() is not null, $"{where} has no range");
            }
        }

        // Every option can be set by its outside name to what it is by default.
        IEnumerable<KeyValuePair<string, string>> pairs = OptionsText.ToPairs(defaults)
            .Select(p => new KeyValuePair<string, string>(p.Key, OptionsText.Format(p.Value)));
        Assert.Equal(defaults, OptionsText.FromPairs(type, pairs, type.Name));
    }

    [GeneratedRegex(@"^[a-z][a-z0-9]*(-[a-z0-9]+)*\z")]
    private static partial Regex KebabCase();

    [GeneratedRegex(@"^[a-z][a-z0-9]*(_[a-z0-9]+)*\z")]
    private static partial Regex SnakeCase();
}
