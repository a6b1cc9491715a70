using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Policies;

/// <summary>What was typed into the form of a policy of files, all of it as text.</summary>
public sealed class FilePolicyForm
{
    public string Name { get; set; } = "";
    public string Selector { get; set; } = "";
    /// <summary>A role's id.</summary>
    public string Role { get; set; } = "";
    /// <summary>One folder a line that may be read.</summary>
    public string Readable { get; set; } = "";
    /// <summary>One folder a line that may be changed too.</summary>
    public string Writable { get; set; } = "";
    /// <summary>One pattern a line.</summary>
    public string Hidden { get; set; } = "";

    /// <summary>The request, and what is wrong with it.</summary>
    public (WriteFilePolicy Request, Error? Problem) Read()
    {
        var request = new WriteFilePolicy(
            Name, Selector, Role, [.. Lines(Readable).Select(p => new PolicyFolder(p)), .. Lines(Writable).Select(p => new PolicyFolder(p, IsWritable: true))], [.. Lines(Hidden)]);
        var errors = new FieldErrors();
        FilePolicyLimits.Check(request, errors);
        return (request, errors.ToError());
    }

    /// <summary>The form of a policy that there is.</summary>
    public static FilePolicyForm From(FilePolicyView policy, string? roleId) => new()
    {
        Name = policy.Name,
        Selector = policy.Selector,
        Role = roleId ?? "",
        Readable = string.Join('\n', policy.Folders.Where(f => !f.IsWritable).Select(f => f.Path)),
        Writable = string.Join('\n', policy.Folders.Where(f => f.IsWritable).Select(f => f.Path)),
        Hidden = string.Join('\n', policy.Hidden),
    };

    private static IEnumerable<string> Lines(string text) => text.ReplaceLineEndings("\n").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);
}
