using Segue.Core;
using Segue.Core.Contracts;

namespace Segue.Models;

/// <summary>A model named in an option of another: a name, or <c>NAME:key=value;key=value</c>.</summary>
internal static class InnerModel
{
    /// <summary>The name of the model in a specification.</summary>
    public static string NameOf(string specification) => specification.Split(':', 2)[0].Trim();

    /// <summary>Makes it.</summary>
    /// <param name="specification">The value of the option.</param>
    /// <param name="place">Where it stands, for messages: <c>option 'model' of model 'artist-boost' is 'ipf:period=7d'</c>.</param>
    /// <exception cref="OptionException">Unknown model or option, a value out of range, or a label.</exception>
    public static IModel Create(string specification, string place)
    {
        try
        {
            (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, string? label) = OptionsText.ParseSpecification(specification.Replace(';', ','));
            return label is null ? ModelCatalog.Create(name, pairs) : throw new OptionException("a model inside has no label; give the label to the model around it");
        }
        catch (OptionException e)
        {
            throw new OptionException($"{place}: {e.Message}");
        }
    }
}
