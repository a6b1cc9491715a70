using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>Wires the management of people, teams, roles, grants, requests and settings.</summary>
internal static class PeopleRegistration
{
    public static void AddPeople(this IServiceCollection services)
    {
        services.AddSingleton<AccessRules>();
        services.AddSingleton<PersonEnding>();
        services.AddSingleton<PersonService>();
        services.AddSingleton<DecisionService>();
        services.AddSingleton<TeamService>();
        services.AddSingleton<RoleService>();
        services.AddSingleton<GrantService>();
        services.AddSingleton<AccessRequestService>();
        services.AddSingleton<SettingsService>();
        services.AddSingleton<IRecurringJob, GrantUpkeep>();
        services.AddScoped<Pages.GrantRemoval>();
    }
}
