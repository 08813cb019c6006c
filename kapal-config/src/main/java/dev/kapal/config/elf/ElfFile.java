package dev.kapal.config.elf;

import dev.kapal.config.text.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an ELF file says of itself (System V ABI, Linux Standard Base "Symbol Versioning"). The file
 * is read, never run, and never trusted.
 *
 * @param machine the number of its architecture ({@code e_machine})
 * @param bits 32 or 64
 * @param littleEndian the order of its bytes
 * @param interpreter the dynamic loader; empty: it is static
 * @param libraries the libraries it needs
 * @param neededVersions symbol versions it needs, by library
 * @param definedVersions symbol versions it has, if it is a library
 */
public record ElfFile(
    int machine,
    int bits,
    boolean littleEndian,
    Optional<String> interpreter,
    List<String> libraries,
    Map<String, List<String>> neededVersions,
    List<String> definedVersions) {
  public ElfFile {
    libraries = List.copyOf(libraries);
    neededVersions = Map.copyOf(neededVersions);
    definedVersions = List.copyOf(definedVersions);
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException.NotElf when it is none, or damaged
   * @throws ConfigException.FileFailed when it cannot be read
   */
  public static ElfFile read(Path file) {
    try (ElfBytes bytes = ElfBytes.open(file)) {
      return new ElfParser(bytes, file.toString()).parse();
    } catch (IOException e) {
      throw new ConfigException.FileFailed(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Reads bytes. */
  static ElfFile read(byte[] bytes, String name) {
    return new ElfParser(ElfBytes.of(bytes), name).parse();
  }

  /** The architecture's usual name. */
  public String architecture() {
    return Machines.name(machine, bits, littleEndian);
  }
}
