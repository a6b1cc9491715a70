using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Sqlite
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
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 63, nullable: false),
                    NormalizedName = table.Column<string>(type: "TEXT", maxLength: 63, nullable: false),
                    Kind = table.Column<int>(type: "INTEGER", nullable: false),
                    Address = table.Column<string>(type: "TEXT", maxLength: 12288, nullable: false),
                    User = table.Column<string>(type: "TEXT", maxLength: 255, nullable: true),
                    SignIn = table.Column<int>(type: "INTEGER", nullable: false),
                    HostKey = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    Labels = table.Column<string>(type: "TEXT", nullable: false),
                    IsWritable = table.Column<bool>(type: "INTEGER", nullable: false),
                    Hidden = table.Column<string>(type: "TEXT", nullable: false),
                    Secrets = table.Column<byte[]>(type: "BLOB", nullable: true),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedBy = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false)
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
