using System.Xml.Linq;
using Operone.Core.Files;

namespace Operone.Web.Files.Dav;

/// <summary>
/// The properties that a drive sets and only reads back (dead ones). They are one XML document in an extended attribute, so that all
/// of them change at once, and go wherever the file goes.
/// </summary>
internal sealed class DeadProperties
{
    /// <summary>The extended attribute.</summary>
    public const string Attribute = "user.dav.properties";

    /// <summary>The most bytes of all of a file's. Many file systems take fewer.</summary>
    public const int MaxBytes = 16 * 1024;

    private readonly Dictionary<XName, XElement> _all = [];

    /// <summary>Those of something.</summary>
    public static DeadProperties Of(FileView view)
    {
        var properties = new DeadProperties();
        if (view.Attributes?.TryGetValue(Attribute, out var stored) == true && DavXml.FromText(stored) is { } document)
        {
            foreach (var property in document.Elements())
            {
                properties._all[property.Name] = new XElement(property);
            }
        }

        return properties;
    }

    /// <summary>Their names.</summary>
    public IEnumerable<XName> Names => _all.Keys;

    /// <summary>One; null where there is none.</summary>
    public XElement? Find(XName name) => _all.GetValueOrDefault(name);

    /// <summary>Sets one, with the language that it stands in.</summary>
    public void Set(XElement property)
    {
        var own = new XElement(property);
        if (property.AncestorsAndSelf().Select(e => e.Attribute(XNamespace.Xml + "lang")).FirstOrDefault(a => a is not null) is { } language)
        {
            own.SetAttributeValue(XNamespace.Xml + "lang", language.Value);
        }

        _all[own.Name] = own;
    }

    /// <summary>Takes one away.</summary>
    public void Remove(XName name) => _all.Remove(name);

    /// <summary>As they are stored; null for none.</summary>
    public byte[]? ToBytes() => _all.Count == 0 ? null : DavXml.ToBytes(new XElement("p", _all.Values));

}
