using Microsoft.Extensions.Options;

namespace Operone.Web.Hosting.Nodes;

/// <summary>Wires the nodes to each other, where there are several.</summary>
internal static class NodesRegistration
{
    public static void AddNodes(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<NodeOptions>().BindConfiguration(NodeOptions.Section).ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<NodeOptions>, NodeOptionsConnection>();
        services.AddSingleton<IValidateOptions<NodeOptions>, NodeOptionsValidation>();
        if (builder.Configuration.GetConnectionString("Redis") is not { Length: > 0 })
        {
            services.AddSingleton<INodeBus, NoOtherNodes>();
            return;
        }

        services.AddSingleton<RedisNodeBus>();
        services.AddSingleton<INodeBus>(provider => provider.GetRequiredService<RedisNodeBus>());
        services.AddHostedService(provider => provider.GetRequiredService<RedisNodeBus>());
    }
}
