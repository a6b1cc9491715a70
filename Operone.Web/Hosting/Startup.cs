using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Operone.Web.Hosting;

/// <summary>Says what keeps the node from starting in words, instead of a stack trace.</summary>
internal static class Startup
{
    /// <summary>Prints everything that is wrong with the options, by key. True where nothing is.</summary>
    public static bool OptionsAreRight(this WebApplication app)
    {
        var problems = FindProblems(app.Services);
        if (problems.Count == 0)
        {
            return true;
        }

        System.Console.Error.WriteLine("Operone cannot start: its options are not right.");
        foreach (var problem in problems)
        {
            System.Console.Error.WriteLine($"  {problem}");
        }

        System.Console.Error.WriteLine("Options come from appsettings.json, the environment (Operone__Setup__OwnerEmail) and arguments (--Operone:Setup:OwnerEmail).");
        return false;
    }

    /// <summary>Serves until told to stop. The exit status: 0 after an orderly end, 1 where the address cannot be had.</summary>
    public static async Task<int> ServeAsync(this WebApplication app)
    {
        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            System.Console.Error.WriteLine($"Operone cannot start: {failure.Message} Choose another with ASPNETCORE_URLS, for example http://localhost:5090.");
        }
        catch (System.Net.Sockets.SocketException failure)
        {
            System.Console.Error.WriteLine($"Operone cannot start: it cannot listen there: {failure.Message}. Choose another address with ASPNETCORE_URLS.");
        }
        catch (FormatException failure)
        {
            System.Console.Error.WriteLine($"Operone cannot start: ASPNETCORE_URLS: {failure.Message}");
        }

        return 1;
    }

    internal static IReadOnlyList<string> FindProblems(IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException failure)
        {
            return [.. failure.Failures];
        }
        catch (AggregateException failures)
        {
            // Options that are checked against others say the others' problems once more.
            return [.. failures.Flatten().InnerExceptions.SelectMany(Describe).Distinct()];
        }
        catch (InvalidOperationException failure) when (failure.Message.Contains("configuration value", StringComparison.Ordinal))
        {
            return [failure.Message];
        }

        static IEnumerable<string> Describe(Exception failure) =>
            failure is OptionsValidationException validation ? validation.Failures : [failure.Message];
    }
}
