using System.Net.Mail;
using Microsoft.Extensions.Options;
using Operone.Core.Access;

namespace Operone.Web.Access;

/// <summary>For a set-up without anybody at a browser, at the key <c>Operone:Setup</c>. Used while there is no owner, ignored later.</summary>
internal sealed class SetupOptions
{
    public const string Section = "Operone:Setup";

    /// <summary>The owner's e-mail.</summary>
    public string? OwnerEmail { get; set; }

    /// <summary>The owner's password, at least <see cref="PasswordRules.MinLength"/> characters and not a common one.</summary>
    public string? OwnerPassword { get; set; }

    /// <summary>An API token with every permission, taken as given; at least <see cref="MinTokenLength"/> characters.</summary>
    public string? ApiToken { get; set; }

    /// <summary>The shortest API token that is taken.</summary>
    public const int MinTokenLength = 32;
}

/// <summary>Says everything that is wrong with the set-up options at once, by key.</summary>
internal sealed class SetupOptionsValidation : IValidateOptions<SetupOptions>
{
    public ValidateOptionsResult Validate(string? name, SetupOptions options)
    {
        var problems = new List<string>();
        var (email, password, token) = (NullIfEmpty(options.OwnerEmail), NullIfEmpty(options.OwnerPassword), NullIfEmpty(options.ApiToken));
        if (email is not null && !IsEmail(email))
        {
            problems.Add($"{SetupOptions.Section}:OwnerEmail: '{email}' is not an e-mail address");
        }

        if (email is not null && password is null)
        {
            problems.Add($"{SetupOptions.Section}:OwnerPassword: is missing; the owner's account needs one");
        }

        if (password is not null && email is null)
        {
            problems.Add($"{SetupOptions.Section}:OwnerEmail: is missing, though there is a password");
        }

        if (password is not null && PasswordRules.Check(password, email) is { } weakness)
        {
            problems.Add($"{SetupOptions.Section}:OwnerPassword: {weakness}");
        }

        if (token is not null && email is null)
        {
            problems.Add($"{SetupOptions.Section}:OwnerEmail: is missing, though there is an API token; the token is the owner's");
        }

        if (token is not null && (token.Length < SetupOptions.MinTokenLength || token.Any(c => c is < '!' or > '~')))
        {
            problems.Add($"{SetupOptions.Section}:ApiToken: must have at least {SetupOptions.MinTokenLength} characters, all of them visible ASCII; "
                + "`openssl rand -base64 32` makes a good one");
        }

        if (token is not null && TokenText.LooksLikeOne(token) && !TokenText.IsWellFormed(token))
        {
            problems.Add($"{SetupOptions.Section}:ApiToken: begins with {TokenText.Prefix}, but its length or its checksum is not right; "
                + "it may have been cut off, or made by hand: then begin it otherwise");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.Distinct());
    }

    /// <summary>Whether a text is an e-mail address, and nothing besides.</summary>
    public static bool IsEmail(string text) =>
        text.Length <= 256 && MailAddress.TryCreate(text, out var address) && address.Address == text && !text.Contains(' ', StringComparison.Ordinal);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
