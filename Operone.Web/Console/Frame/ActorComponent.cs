using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Operone.Web.Access;

namespace Operone.Web.Console.Frame;

/// <summary>A component that acts as the person who is signed in.</summary>
public abstract class ActorComponent : ComponentBase
{
    private static readonly Actor Nobody = Actor.Anonymous();

    [CascadingParameter]
    private Task<AuthenticationState>? Authentication { get; set; }

    /// <summary>Who is signed in. Known before the component's own initialization.</summary>
    private protected Actor Actor { get; private set; } = Nobody;

    public override async Task SetParametersAsync(ParameterView parameters)
    {
        if (parameters.TryGetValue<Task<AuthenticationState>>(nameof(Authentication), out var state) && state is not null)
        {
            Actor = Actor.From((await state).User);
        }

        await base.SetParametersAsync(parameters);
    }
}
