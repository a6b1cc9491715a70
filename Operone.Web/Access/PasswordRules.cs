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

    // Of these, and of two or three of them in a row, are made most of the long passwords that leak. Digits and signs are
    // taken away first, and the usual replacements are undone.
    private static readonly HashSet<string> CommonWords = new(StringComparer.Ordinal)
    {
        "abc", "abcd", "abcdef", "abcdefgh", "abcdefghijkl", "abcdefghijklm", "access", "account", "admin", "administrator", "alexander", "amanda", "america",
        "andrew", "angel", "anthony", "apple", "asdf", "asdfgh", "asdfghjkl", "august", "autumn", "baby", "backup", "barcelona", "baseball", "basketball",
        "batman", "blessed", "buster", "butterfly", "changeit", "changeme", "charlie", "chelsea", "chocolate", "christmas", "cisco", "cloud", "company",
        "computer", "cookie", "correcthorsebatterystaple", "cowboy", "daniel", "database", "december", "default", "demo", "diamond", "docker", "dragon",
        "easy", "elizabeth", "family", "february", "flower", "football", "forever", "freedom", "friday", "friend", "friends", "geheim", "google", "guest", "hallo", "hannah",
        "happy", "heaven", "hello", "hockey", "hunter", "iloveyou", "iloveu", "internet", "jackson", "january", "jasmine", "jennifer", "jesus", "jesuschrist",
        "jessica", "jordan", "joshua", "justin", "killer", "kubernetes", "letmein", "linux", "liverpool", "login", "lovely", "loveyou", "love", "lucky",
        "maggie", "manager", "master", "matthew", "mercedes", "michael", "michelle", "microsoft", "monday", "money", "monkey", "mother", "mustang", "my", "mypassword",
        "mysql", "naruto", "network", "newyork", "nicole", "ninja", "nothing", "november", "october", "office", "operator", "operone", "oracle", "orange", "owner",
        "pa", "pass", "passphrase", "password", "passwort", "patrick", "pepper", "pokemon", "postgres", "princess", "private", "purple", "qazwsx", "qazwsxedc",
        "qazwsxedcrfv", "qwe", "qwer", "qwerty", "qwertyuiop", "qwertz", "qwertzuiop", "rainbow", "raspberry", "robert", "root", "samantha", "samsung", "secret", "secure",
        "security", "september", "server", "service", "shadow", "snoopy", "soccer", "spiderman", "spring", "starwars", "summer", "sunday", "sunflower", "sunshine",
        "superman", "superuser", "support", "system", "temp", "temporary", "test", "tester", "testing", "the", "thomas", "tigger", "toor", "trustno", "ubuntu", "user",
        "username", "vanessa", "welcome", "whatever", "william", "windows", "winter", "yankees", "zaq", "zaqwsx", "zxc", "zxcvbn", "zxcvbnm",
    };

    // The rows of keyboards, and their columns from left to right.
    private static readonly string[] Walks =
    [
        "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm",
        "zaq1xsw2cde3vfr4bgt5nhy6mju7", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "abcdefghijklmnopqrstuvwxyz",
    ];

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

        if (IsSequence(password) || IsWalk(password))
        {
            return "is a plain sequence; choose one that nobody guesses";
        }

        if (IsRepeated(password))
        {
            return "is a short text over and over; choose one that nobody guesses";
        }

        if (IsCommon(Letters(password)) || IsCommon(Letters(Plain(password.Trim(DigitsAndSigns)))))
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

    // Walks over the keyboard, there or back, up to three of them in a row.
    private static bool IsWalk(string password)
    {
        var parts = 0;
        var rest = password.AsSpan();
        while (rest.Length > 0 && parts++ < 3)
        {
            var longest = 0;
            foreach (var walk in Walks)
            {
                longest = Math.Max(longest, Math.Max(LongestAt(rest, walk), LongestAt(rest, new string([.. walk.Reverse()]))));
            }

            if (longest < 3)
            {
                return false;
            }

            rest = rest[longest..];
        }

        return rest.Length == 0;
    }

    private static int LongestAt(ReadOnlySpan<char> text, string walk)
    {
        for (var length = Math.Min(text.Length, walk.Length); length >= 3; length--)
        {
            if (walk.AsSpan().Contains(text[..length], StringComparison.OrdinalIgnoreCase))
            {
                return length;
            }
        }

        return 0;
    }

    private static bool IsRepeated(string password)
    {
        for (var length = 1; length <= password.Length / 2 && length <= 10; length++)
        {
            if (Enumerable.Range(length, password.Length - length).All(i => char.ToUpperInvariant(password[i]) == char.ToUpperInvariant(password[i % length])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsCommon(ReadOnlySpan<char> letters, int words = 3)
    {
        var lookup = CommonWords.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.Contains(letters))
        {
            return true;
        }

        for (var length = 2; words > 1 && length < letters.Length; length++)
        {
            if (lookup.Contains(letters[..length]) && IsCommon(letters[length..], words - 1))
            {
                return true;
            }
        }

        return false;
    }

#pragma warning disable CA1308 // the list is in lower case
    private static string Letters(string password) => new([.. password.ToLowerInvariant().Where(char.IsAsciiLetter)]);

    private static string Plain(string password) => password.ToLowerInvariant()
        .Replace('0', 'o').Replace('1', 'i').Replace('3', 'e').Replace('4', 'a').Replace('5', 's').Replace('@', 'a').Replace('$', 's').Replace('!', 'i');
#pragma warning restore CA1308
}
