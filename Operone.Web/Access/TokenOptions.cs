using Microsoft.Extensions.Options;

namespace Operone.Web.Access;

/// <summary>What is allowed of API tokens, at the key <c>Operone:Tokens</c>.</summary>
internal sealed class TokenOptions
{
    public const string Section = "Operone:Tokens";

    /// <summary>For how many days a token may be good at the most, and a command line stay signed in; null for no limit.</summary>
    public int? MaxDays { get; set; }
}

/// <summary>Says what is wrong with the options of tokens, by key.</summary>
internal sealed class TokenOptionsValidation : IValidateOptions<TokenOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenOptions options) => options.MaxDays is < 1 or > 3650
        ? ValidateOptionsResult.Fail($"{TokenOptions.Section}:MaxDays: must be 1 to 3650, or left out for no limit")
        : ValidateOptionsResult.Success;
}
