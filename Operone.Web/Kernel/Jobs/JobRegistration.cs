using Microsoft.Extensions.Options;
using Operone.Web.Hosting;
using Operone.Web.Kernel.Jobs.Runs;
using Operone.Web.Shell;

namespace Operone.Web.Kernel.Jobs;

/// <summary>Wires jobs.</summary>
internal static class JobRegistration
{
    public static void AddJobs(this IServiceCollection services)
    {
        services.AddSingleton<JobSight>();
        services.AddSingleton<JobDevices>();
        services.AddSingleton<JobRecords>();
        services.AddSingleton<JobService>();
        services.AddSingleton<JobRights>();
        services.AddSingleton<JobStarts>();
        services.AddSingleton<JobSecrets>();
        services.AddSingleton<ApprovalContent>();
        services.AddSingleton<JobCalls>();
        services.AddSingleton<JobStepper>();
        services.AddSingleton<JobConductor>();
        services.AddHostedService(provider => provider.GetRequiredService<JobConductor>());
        services.AddSingleton<JobRunReader>();
        services.AddSingleton<JobRunService>();
        services.AddOptions<JobRunOptions>().BindConfiguration(JobRunOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JobRunOptions>, JobRunOptionsValidation>();
        services.AddSingleton<IRecurringJob, JobRunRetention>();
        services.AddSingleton<IRunOwner, JobRunOwner>();
    }
}
