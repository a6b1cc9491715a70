using Operone.Web.Access;
using Operone.Web.Agents;
using Operone.Web.Console;
using Operone.Web.Data;
using Operone.Web.Devices;
using Operone.Web.Events;
using Operone.Web.Hosting;
using Operone.Web.Shell;

var builder = WebApplication.CreateBuilder(args);
builder.AddHosting();
builder.AddData();
builder.AddAccess();
builder.AddEvents();
builder.AddDevices();
builder.AddShell();
builder.AddAgents();
builder.AddConsole();

var app = builder.Build();
await app.PrepareDatabaseAsync(app.Lifetime.ApplicationStopping);
await app.PrepareAccessAsync(app.Lifetime.ApplicationStopping);
await app.PrepareDevicesAsync(app.Lifetime.ApplicationStopping);

app.UseHosting();
app.UseAccess();
app.MapHosting();
app.MapAccess();
app.MapEvents();
app.MapDevices();
app.MapShell();
app.MapAgents();
app.MapConsole();
await app.RunAsync();
