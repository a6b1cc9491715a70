using Microsoft.AspNetCore.Identity;

namespace Operone.Web.Access;

/// <summary>
/// The rules for passwords, after NIST SP 800-63B: length and a list of what everybody tries, no rules about the mix of
/// characters.
/// </summary>
internal sealed class PasswordRules : IPasswordValidator<Person>
{
    /// <summary>The shortest password.</summary>
    public const int MinLength = 12;

    /// <summary>The longest password: hashing more is work for nothing.</summary>
    public const int MaxLength = 256;

    // What is left of common long passwords when digits and signs are taken away and the usual replacements are undone.
    private static readonly HashSet<string> CommonWords = new(StringComparer.Ordinal)
    {
        "password", "passwort", "passwordpassword", "mypassword", "passphrase", "qwerty", "qwertyuiop", "qwertyuiopasdf", "qwertyqwerty", "asdfghjkl",
        "qwertyuiopasdfghjkl", "zxcvbnm", "qazwsxedc", "qazwsxedcrfv", "letmein", "letmeinletmein", "welcome", "welcomewelcome", "admin", "adminadmin", "administrator",
        "changeme", "changemechangeme", "changeit", "default", "iloveyou", "iloveyouiloveyou", "monkey", "dragon", "sunshine", "princess", "football", "baseball",
        "superman", "batman", "trustno", "master", "shadow", "michael", "secret", "secretsecret", "root", "rootroot", "toor", "test", "testtest", "testing", "guest",
        "login", "abc", "abcabc", "abcdefghijkl", "abcdefghijklm", "operone", "operoneoperone", "owner", "ownerowner", "correcthorsebatterystaple", "server", "summer", "winter",
    };

    private const string Signs = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ";
    private static readonly char[] DigitsAndSigns = Signs.ToCharArray();

    /// <summary>What is wrong with a password, or null.</summary>
    public static string? Check(string password, string? email)
    {
        if (password.Length < MinLength)
        {
            return $"has {password.Length} characters; at least {MinLength} are needed";
        }

        if (password.Length > MaxLength)
        {
            return $"has more than {MaxLength} characters";
        }

        if (password.Distinct().Count() < 5)
        {
            return "repeats a few characters only; choose one that nobody guesses";
        }

        if (IsSequence(password))
        {
            return "is a plain sequence; choose one that nobody guesses";
        }

        var letters = Letters(password);
        if (CommonWords.Contains(letters) || CommonWords.Contains(Letters(Plain(password.Trim(DigitsAndSigns)))))
        {
            return "is one of those that everybody tries; choose another";
        }

        var name = email?.Split('@')[0];
        return name?.Length >= 4 && password.Contains(name, StringComparison.OrdinalIgnoreCase) && password.Length - name.Length < 8
            ? "is made from the e-mail address; choose another"
            : null;
    }

    public Task<IdentityResult> ValidateAsync(UserManager<Person> manager, Person user, string? password) =>
        Task.FromResult(Check(password ?? "", user.Email) is { } problem
            ? IdentityResult.Failed(new IdentityError { Code = "WeakPassword", Description = $"The password {problem}." })
            : IdentityResult.Success);

    private static bool IsSequence(string password)
    {
        var steps = 0;
        for (var i = 1; i < password.Length; i++)
        {
            var step = password[i] - password[i - 1];
            // 9 to 0 goes on too, as on a keyboard
            steps += step is 1 or -1 or 0 or -9 or 9 ? 1 : 0;
        }

        return steps >= password.Length - 2;
    }

#pragma warning disable CA1308 // the list is in lower case
    private static string Letters(string password) => new([.. password.ToLowerInvariant().Where(char.IsAsciiLetter)]);

    private static string Plain(string password) => password.ToLowerInvariant()
        .Replace('0', 'o').Replace('1', 'i').Replace('3', 'e').Replace('4', 'a').Replace('5', 's').Replace('@', 'a').Replace('$', 's').Replace('!', 'i');
#pragma warning restore CA1308
}
