using Operone.Core.Access;

namespace Operone.Web.Access.Pages;

/// <summary>What pages say of a person, in words.</summary>
internal static class PersonText
{
    /// <summary>By what they can sign in.</summary>
    public static string Ways(SignInWays ways)
    {
        var some = new List<string>();
        if (ways.Passkeys > 0)
        {
            some.Add(ways.Passkeys == 1 ? "1 passkey" : $"{ways.Passkeys} passkeys");
        }

        if (ways.Password)
        {
            some.Add(ways.OneTimeCodes ? "password and code" : "password");
        }

        some.AddRange(ways.Accounts);
        return some.Count == 0 ? "nothing" : string.Join(", ", some);
    }
}
