using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class SignInTries : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "sign_in_tries",
                columns: table => new
                {
                    Hash = table.Column<byte[]>(type: "bytea", maxLength: 32, nullable: false),
                    Failed = table.Column<int>(type: "integer", nullable: false),
                    FailedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    SeenAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sign_in_tries", x => x.Hash);
                });

            migrationBuilder.CreateIndex(
                name: "IX_sign_in_tries_SeenAt",
                table: "sign_in_tries",
                column: "SeenAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "sign_in_tries");
        }
    }
}
