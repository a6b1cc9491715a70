using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Pages.Mounting;

/// <summary>What was typed into the form of a mount, all of it as text.</summary>
public sealed class MountForm
{
    public string Name { get; set; } = "";
    public MountKind Kind { get; set; } = MountKind.Folder;
    public string Address { get; set; } = "";
    public string User { get; set; } = "";
    /// <summary>One of those that the kind has.</summary>
    public MountSignIn SignIn
    {
        get => SignIns.Any(s => s.SignIn == field) ? field : SignIns[0].SignIn;
        set;
    } = MountSignIn.None;
    /// <summary>A password or a token.</summary>
    public string Secret { get; set; } = "";
    public string PrivateKey { get; set; } = "";
    public string Passphrase { get; set; } = "";
    public string HostKey { get; set; } = "";
    /// <summary>One <c>key=value</c> a line.</summary>
    public string Labels { get; set; } = "";
    public bool IsWritable { get; set; }
    /// <summary>One pattern a line.</summary>
    public string Hidden { get; set; } = "";

    /// <summary>The ways of signing in that the kind has.</summary>
    public IReadOnlyList<(MountSignIn SignIn, string Words)> SignIns => Kind switch
    {
        MountKind.Sftp => [(MountSignIn.Password, "A password"), (MountSignIn.Key, "A private key")],
        MountKind.WebDav => [(MountSignIn.None, "Nothing"), (MountSignIn.Password, "A password"), (MountSignIn.Token, "A bearer token")],
        _ => [(MountSignIn.None, "Nothing")],
    };

    /// <summary>The request, and what is wrong with what was typed.</summary>
    public (WriteMount Request, Error? Problem) Read()
    {
        var errors = new FieldErrors();
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Lines(Labels))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            errors.AddIf(equals <= 0 || !labels.TryAdd(line[..Math.Max(0, equals)].Trim(), line[(equals + 1)..].Trim()), "labels", $"'{line}' should be key=value, each key once");
        }

        var (isHere, signIn) = (Kind == MountKind.Folder, SignIn);
        var request = new WriteMount(
            Name, Kind, Address.Trim(), isHere || signIn is MountSignIn.Token or MountSignIn.None ? null : Text(User), Kind == MountKind.Sftp ? Text(HostKey) : null, labels, IsWritable, [.. Lines(Hidden)],
            signIn == MountSignIn.Password ? Secretly(Secret) : null, signIn == MountSignIn.Key ? Secretly(PrivateKey) : null,
            signIn == MountSignIn.Key && PrivateKey.Length > 0 ? Secretly(Passphrase) : null, signIn == MountSignIn.Token ? Secretly(Secret.Trim()) : null);
        MountLimits.Check(request, errors);
        return (request, errors.ToError());
    }

    /// <summary>The form of a mount that there is. Its secrets stay where they are.</summary>
    public static MountForm From(MountView mount) => new()
    {
        Name = mount.Name,
        Kind = mount.Kind,
        Address = mount.Address,
        User = mount.User ?? "",
        SignIn = mount.SignIn,
        HostKey = mount.HostKey ?? "",
        Labels = string.Join('\n', mount.Labels.Select(l => $"{l.Key}={l.Value}")),
        IsWritable = mount.IsWritable,
        Hidden = string.Join('\n', mount.Hidden),
    };

    private static IEnumerable<string> Lines(string text) => text.ReplaceLineEndings("\n").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);

    private static string? Text(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string? Secretly(string text) => text.Length == 0 ? null : text;
}
