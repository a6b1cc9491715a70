using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class HeldRunsAndAgreedCalls : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "ObeysWindows",
                table: "job_runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "WaitsFrom",
                table: "job_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Called",
                table: "job_approvals",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "IX_webhook_deliveries_WebhookId_Key_Position",
                table: "webhook_deliveries",
                columns: new[] { "WebhookId", "Key", "Position" },
                filter: "\"Status\" = 0");

            migrationBuilder.CreateIndex(
                name: "IX_job_runs_JobId_EndedAt",
                table: "job_runs",
                columns: new[] { "JobId", "EndedAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_webhook_deliveries_WebhookId_Key_Position",
                table: "webhook_deliveries");

            migrationBuilder.DropIndex(
                name: "IX_job_runs_JobId_EndedAt",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "ObeysWindows",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "WaitsFrom",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "Called",
                table: "job_approvals");
        }
    }
}
