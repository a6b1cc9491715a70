using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Mounts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "mounts",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    NormalizedName = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    Kind = table.Column<int>(type: "integer", nullable: false),
                    Address = table.Column<string>(type: "character varying(12288)", maxLength: 12288, nullable: false),
                    User = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    SignIn = table.Column<int>(type: "integer", nullable: false),
                    HostKey = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    Labels = table.Column<string>(type: "text", nullable: false),
                    IsWritable = table.Column<bool>(type: "boolean", nullable: false),
                    Hidden = table.Column<string>(type: "text", nullable: false),
                    Secrets = table.Column<byte[]>(type: "bytea", nullable: true),
                    UpdatedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    UpdatedBy = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_mounts", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_mounts_NormalizedName",
                table: "mounts",
                column: "NormalizedName",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "mounts");
        }
    }
}
