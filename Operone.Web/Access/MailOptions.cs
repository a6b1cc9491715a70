using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Operone.Web.Access;

/// <summary>How the connection to the mail server is sealed.</summary>
internal enum MailSecurity
{
    /// <summary>STARTTLS, and no mail where the server does not offer it; usually on port 587.</summary>
    StartTls,
    /// <summary>TLS from the first byte; usually on port 465.</summary>
    Tls,
    /// <summary>None: for a relay on this machine or a network that is trusted.</summary>
    None,
}

/// <summary>The mail server, at the key <c>Operone:Mail</c>. Without one, invitations are addresses to pass on.</summary>
internal sealed class MailOptions
{
    public const string Section = "Operone:Mail";

    /// <summary>Its name and port: <c>mail.example.org</c>, <c>mail.example.org:2525</c>.</summary>
    public string? Server { get; set; }

    /// <summary>How the connection is sealed.</summary>
    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>The name to sign in with; empty for none.</summary>
    public string? User { get; set; }

    /// <summary>The password to sign in with.</summary>
    public string? Password { get; set; }

    /// <summary>From whom: <c>operone@example.org</c>, <c>Operone &lt;operone@example.org&gt;</c>.</summary>
    public string? From { get; set; }

    /// <summary>Whether there is one.</summary>
    public bool IsSetUp => !string.IsNullOrEmpty(Server);

    /// <summary>The server's name and port.</summary>
    public (string Host, int Port)? Address
    {
        get
        {
            if (!Uri.TryCreate($"smtp://{Server}", UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.PathAndQuery is not ("/" or "") || uri.UserInfo.Length > 0)
            {
                return null;
            }

            return (uri.DnsSafeHost, uri.Port > 0 && !uri.IsDefaultPort ? uri.Port : Security switch { MailSecurity.Tls => 465, MailSecurity.StartTls => 587, _ => 25 });
        }
    }

    /// <summary>The same, as MailKit has it.</summary>
    public SecureSocketOptions SocketOptions => Security switch
    {
        MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
        MailSecurity.StartTls => SecureSocketOptions.StartTls,
        _ => SecureSocketOptions.None,
    };
}

/// <summary>Says everything that is wrong with the mail options at once, by key.</summary>
internal sealed class MailOptionsValidation : IValidateOptions<MailOptions>
{
    public ValidateOptionsResult Validate(string? name, MailOptions options)
    {
        var problems = new List<string>();
        if (options.IsSetUp)
        {
            Add(options.Address is null, "Server", $"'{options.Server}' is not a server's name with or without a port, such as mail.example.org:587");
            Add(!MailboxAddress.TryParse(options.From, out var from) || !SetupOptionsValidation.IsEmail(from.Address), "From", $"'{options.From}' is not an e-mail address");
            Add(string.IsNullOrEmpty(options.User) != string.IsNullOrEmpty(options.Password), string.IsNullOrEmpty(options.User) ? "User" : "Password", "is missing; a user needs a password, and the other way round");
        }
        else
        {
            Add(!string.IsNullOrEmpty(options.User) || !string.IsNullOrEmpty(options.Password) || !string.IsNullOrEmpty(options.From), "Server", "is missing, though there are other options of the mail server");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Add(bool wrong, string key, string problem)
        {
            if (wrong)
            {
                problems.Add($"{MailOptions.Section}:{key}: {problem}");
            }
        }
    }
}
