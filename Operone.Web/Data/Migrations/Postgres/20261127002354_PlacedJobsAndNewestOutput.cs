using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class PlacedJobsAndNewestOutput : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Among",
                table: "job_runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Placement",
                table: "job_runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Attempt",
                table: "job_run_calls",
                type: "integer",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<Guid>(
                name: "PreviousId",
                table: "job_run_calls",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "NewestBytes",
                table: "executions",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "StderrFrom",
                table: "executions",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "StdoutFrom",
                table: "executions",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.CreateTable(
                name: "job_reservations",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    JobRunId = table.Column<Guid>(type: "uuid", nullable: false),
                    DeviceId = table.Column<Guid>(type: "uuid", nullable: false),
                    CpuMillis = table.Column<long>(type: "bigint", nullable: false),
                    MemoryBytes = table.Column<long>(type: "bigint", nullable: false),
                    DiskBytes = table.Column<long>(type: "bigint", nullable: false),
                    At = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_job_reservations", x => x.Id);
                    table.ForeignKey(
                        name: "FK_job_reservations_job_run_devices_JobRunId_DeviceId",
                        columns: x => new { x.JobRunId, x.DeviceId },
                        principalTable: "job_run_devices",
                        principalColumns: new[] { "JobRunId", "DeviceId" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_job_reservations_DeviceId",
                table: "job_reservations",
                column: "DeviceId");

            migrationBuilder.CreateIndex(
                name: "IX_job_reservations_JobRunId_DeviceId",
                table: "job_reservations",
                columns: new[] { "JobRunId", "DeviceId" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "job_reservations");

            migrationBuilder.DropColumn(
                name: "Among",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "Placement",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "Attempt",
                table: "job_run_calls");

            migrationBuilder.DropColumn(
                name: "PreviousId",
                table: "job_run_calls");

            migrationBuilder.DropColumn(
                name: "NewestBytes",
                table: "executions");

            migrationBuilder.DropColumn(
                name: "StderrFrom",
                table: "executions");

            migrationBuilder.DropColumn(
                name: "StdoutFrom",
                table: "executions");
        }
    }
}
