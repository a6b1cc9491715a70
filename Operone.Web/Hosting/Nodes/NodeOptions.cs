using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Operone.Web.Hosting.Nodes;

/// <summary>
/// Options of one node among several, at the key <c>Operone:Node</c>. There are several where <c>ConnectionStrings:Redis</c> names
/// the Redis through which they talk.
/// </summary>
internal sealed class NodeOptions
{
    public const string Section = "Operone:Node";

    /// <summary>The address at which the other nodes reach this one, as <c>http://10.0.0.2:5080</c>. Needed where there are several.</summary>
    public string? Address { get; set; }

    /// <summary>The Redis, in StackExchange.Redis' form (<c>redis.internal:6379,password=...,ssl=true</c>); null for a node that is alone.</summary>
    public string? Redis { get; set; }

    /// <summary>The node's address, where it is one of several.</summary>
    public Uri AddressUri => new(Address!.TrimEnd('/') + "/");
}

/// <summary>Takes the Redis from where connection strings are.</summary>
internal sealed class NodeOptionsConnection(IConfiguration configuration) : IPostConfigureOptions<NodeOptions>
{
    public void PostConfigure(string? name, NodeOptions options) => options.Redis = configuration.GetConnectionString("Redis") is { Length: > 0 } redis ? redis : null;
}

/// <summary>Says everything that is wrong with the options at once, by key.</summary>
internal sealed class NodeOptionsValidation(IConfiguration configuration) : IValidateOptions<NodeOptions>
{
    public ValidateOptionsResult Validate(string? name, NodeOptions options)
    {
        var problems = new List<string>();
        if (options.Redis is { } redis)
        {
            if (configuration.GetConnectionString("Operone") is not { Length: > 0 })
            {
                problems.Add("ConnectionStrings:Redis: several nodes need PostgreSQL, and ConnectionStrings:Operone names none");
            }

            if (string.IsNullOrWhiteSpace(options.Address))
            {
                problems.Add($"{NodeOptions.Section}:Address: is missing: the address at which the other nodes reach this one");
            }

            try
            {
                _ = ConfigurationOptions.Parse(redis);
            }
            catch (ArgumentException problem)
            {
                problems.Add($"ConnectionStrings:Redis: {problem.Message}");
            }
        }

        if (options.Address is { Length: > 0 } address && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            problems.Add($"{NodeOptions.Section}:Address: '{address}' is not an http or https address");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
