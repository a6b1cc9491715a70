using System.Reflection;
using Operone.Agent.Connection;
using Operone.Core.Connection;
using Operone.Web.Agents;
using Xunit;

namespace Operone.Tests.Architecture;

public sealed class HubTests
{
    [Fact]
    public void Agent_HandlesEveryMessageOfTheServer() =>
        Assert.Equal(MethodsOf(typeof(IAgentClient)), MessageRouter.Methods.Order(StringComparer.Ordinal));

    [Fact]
    public void Hub_HasNoMethodThatTheContractDoesNotName()
    {
        var methods = typeof(AgentHub).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(m => !m.IsSpecialName && m.GetBaseDefinition() == m).Select(m => m.Name).Order(StringComparer.Ordinal);
        Assert.Equal(MethodsOf(typeof(IAgentHub)), methods);
    }

    private static IEnumerable<string> MethodsOf(Type contract) =>
        contract.GetInterfaces().Append(contract).SelectMany(i => i.GetMethods()).Select(m => m.Name).Order(StringComparer.Ordinal);
}
