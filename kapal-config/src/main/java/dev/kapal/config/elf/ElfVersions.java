package dev.kapal.config.elf;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Walks the tables of symbol versions, {@code Elf_Verneed} and {@code Elf_Verdef}, which are chains
 * of distances. The counts bound the walk, since a distance may be anything.
 */
record ElfVersions(ByteBuffer strings, Memory memory) {
  private static final int MOST_OF_ONE = 4096;

  /** Reads what lies at an address. */
  @FunctionalInterface
  interface Memory {
    ByteBuffer at(long address, long length);
  }

  void needed(long address, int count, Map<String, List<String>> into) {
    long at = address;
    int left = MOST_OF_ONE;
    for (int i = 0; i < count && at != 0; i++) {
      ByteBuffer need = memory.at(at, 16);
      int versions = need.getShort(2) & 0xffff;
      String library = ElfParser.text(strings, need.getInt(4) & 0xffffffffL);
      long aux = at + (need.getInt(8) & 0xffffffffL);
      List<String> names = new ArrayList<>(into.getOrDefault(library, List.of()));
      for (int j = 0; j < versions && left-- > 0; j++) {
        ByteBuffer version = memory.at(aux, 16);
        names.add(ElfParser.text(strings, version.getInt(8) & 0xffffffffL));
        long next = version.getInt(12) & 0xffffffffL;
        if (next == 0) {
          break;
        }
        aux += next;
      }
      into.put(library, List.copyOf(names));
      long next = need.getInt(12) & 0xffffffffL;
      at = next == 0 ? 0 : at + next;
    }
  }

  void defined(long address, int count, Set<String> into) {
    long at = address;
    for (int i = 0; i < count && at != 0; i++) {
      ByteBuffer definition = memory.at(at, 20);
      long aux = at + (definition.getInt(12) & 0xffffffffL);
      into.add(ElfParser.text(strings, memory.at(aux, 8).getInt(0) & 0xffffffffL));
      long next = definition.getInt(16) & 0xffffffffL;
      at = next == 0 ? 0 : at + next;
    }
  }
}
