package dev.kapal.config.elf;

import dev.kapal.config.text.ConfigException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads by program headers and the dynamic section, as the loader does: section headers may be
 * stripped. Every offset and count comes from the file, so each one is checked, and all loops are
 * bounded.
 */
final class ElfParser {
  private static final int MOST_HEADERS = 512;
  private static final int MOST_DYNAMIC = 4096;
  private static final int MOST_VERSIONS = 2048;
  private static final int MOST_STRINGS = 4 << 20;
  private static final int LONGEST_STRING = 4096;

  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final int PT_INTERP = 3;
  private static final long DT_NEEDED = 1;
  private static final long DT_STRTAB = 5;
  private static final long DT_STRSZ = 10;
  private static final long DT_VERDEF = 0x6ffffffcL;
  private static final long DT_VERDEFNUM = 0x6ffffffdL;
  private static final long DT_VERNEED = 0x6ffffffeL;
  private static final long DT_VERNEEDNUM = 0x6fffffffL;

  private final ElfBytes bytes;
  private final String name;
  private final List<Segment> loaded = new ArrayList<>();
  private boolean wide;
  private ByteOrder order = ByteOrder.LITTLE_ENDIAN;

  private record Segment(int type, long offset, long address, long size) {}

  ElfParser(ElfBytes bytes, String name) {
    this.bytes = bytes;
    this.name = name;
  }

  private ConfigException.NotElf damaged(String what) {
    return new ConfigException.NotElf(
        name + " is a damaged ELF file: " + what + "; install the program anew");
  }

  private ByteBuffer part(long offset, long length, String what) {
    try {
      return bytes
          .part(offset, length)
          .orElseThrow(() -> damaged(what + " lies outside"))
          .order(order);
    } catch (UncheckedIOException e) {
      throw new ConfigException.FileFailed(name + " cannot be read: " + e.getMessage(), e);
    }
  }

  ElfFile parse() {
    Optional<ByteBuffer> start = bytes.part(0, 20);
    if (start.isEmpty() || start.get().getInt(0) != 0x7f454c46) {
      throw new ConfigException.NotElf(name + notElf());
    }
    int elfClass = start.get().get(4);
    int data = start.get().get(5);
    if (elfClass < 1 || elfClass > 2 || data < 1 || data > 2) {
      throw damaged("its class or byte order is unknown");
    }
    wide = elfClass == 2;
    order = data == 1 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    ByteBuffer header = part(0, wide ? 64 : 52, "the header");
    int machine = header.getShort(18) & 0xffff;
    List<Segment> segments = segments(header);
    Optional<String> interpreter =
        segments.stream().filter(s -> s.type() == PT_INTERP).findFirst().map(this::interpreter);
    List<String> libraries = new ArrayList<>();
    Map<String, List<String>> needed = new LinkedHashMap<>();
    List<String> defined = new ArrayList<>();
    segments.stream()
        .filter(s -> s.type() == PT_DYNAMIC)
        .findFirst()
        .ifPresent(dynamic -> dynamic(dynamic, libraries, needed, defined));
    return new ElfFile(machine, wide ? 64 : 32, data == 1, interpreter, libraries, needed, defined);
  }

  private String notElf() {
    Optional<ByteBuffer> script = bytes.part(0, 2);
    if (script.isPresent() && script.get().get(0) == '#' && script.get().get(1) == '!') {
      return " is a script, not an ELF program";
    }
    return bytes.size() == 0 ? " is empty" : " is no ELF program";
  }

  private long word(ByteBuffer buffer, int offset) {
    return wide ? buffer.getLong(offset) : buffer.getInt(offset) & 0xffffffffL;
  }

  private List<Segment> segments(ByteBuffer header) {
    long offset = word(header, wide ? 32 : 28);
    int entry = header.getShort(wide ? 54 : 42) & 0xffff;
    int count = header.getShort(wide ? 56 : 44) & 0xffff;
    int least = wide ? 56 : 32;
    if (count == 0) {
      return List.of();
    }
    if (count > MOST_HEADERS || entry < least) {
      throw damaged("its program headers cannot be");
    }
    ByteBuffer table = part(offset, (long) entry * count, "the table of program headers");
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = i * entry;
      Segment segment =
          wide
              ? new Segment(
                  table.getInt(at),
                  table.getLong(at + 8),
                  table.getLong(at + 16),
                  table.getLong(at + 32))
              : new Segment(
                  table.getInt(at), word(table, at + 4), word(table, at + 8), word(table, at + 16));
      segments.add(segment);
      if (segment.type() == PT_LOAD) {
        loaded.add(segment);
      }
    }
    return segments;
  }

  private String interpreter(Segment segment) {
    if (segment.size() < 2 || segment.size() > LONGEST_STRING) {
      throw damaged("the name of its loader cannot be");
    }
    return string(part(segment.offset(), segment.size(), "the name of its loader"), 0);
  }

  private static String string(ByteBuffer buffer, int offset) {
    int end = offset;
    while (end < buffer.limit() && end - offset < LONGEST_STRING && buffer.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - offset];
    buffer.get(offset, text);
    return new String(text, StandardCharsets.ISO_8859_1);
  }

  private void dynamic(
      Segment segment,
      List<String> libraries,
      Map<String, List<String>> needed,
      List<String> defined) {
    int entry = wide ? 16 : 8;
    long count = segment.size() / entry;
    if (segment.size() < 0 || count > MOST_DYNAMIC) {
      throw damaged("its dynamic section cannot be");
    }
    ByteBuffer table = part(segment.offset(), count * entry, "the dynamic section");
    Map<Long, Long> values = new HashMap<>();
    List<Long> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long tag = word(table, i * entry);
      long value = word(table, i * entry + entry / 2);
      if (tag == 0) {
        break;
      }
      if (tag == DT_NEEDED) {
        names.add(value);
      } else {
        values.putIfAbsent(tag, value);
      }
    }
    if (!values.containsKey(DT_STRTAB)) {
      return;
    }
    ByteBuffer strings = strings(values);
    names.forEach(n -> libraries.add(named(strings, n)));
    new ElfVersions(strings, this::at)
        .needed(values.getOrDefault(DT_VERNEED, 0L), count(values, DT_VERNEEDNUM), needed);
    Set<String> all = new LinkedHashSet<>();
    new ElfVersions(strings, this::at)
        .defined(values.getOrDefault(DT_VERDEF, 0L), count(values, DT_VERDEFNUM), all);
    defined.addAll(all);
  }

  private int count(Map<Long, Long> values, long tag) {
    long count = values.getOrDefault(tag, 0L);
    if (count < 0 || count > MOST_VERSIONS) {
      throw damaged("it has too many symbol versions");
    }
    return (int) count;
  }

  private ByteBuffer strings(Map<Long, Long> values) {
    long size = values.getOrDefault(DT_STRSZ, 0L);
    if (size < 1 || size > MOST_STRINGS) {
      throw damaged("its table of strings cannot be");
    }
    return at(values.getOrDefault(DT_STRTAB, 0L), size);
  }

  private String named(ByteBuffer strings, long offset) {
    if (offset < 0 || offset >= strings.limit()) {
      throw damaged("a name lies outside of its table of strings");
    }
    return string(strings, (int) offset);
  }

  /** What lies at an address once the program is loaded. */
  private ByteBuffer at(long address, long length) {
    for (Segment segment : loaded) {
      long within = address - segment.address();
      if (Long.compareUnsigned(address, segment.address()) >= 0
          && within >= 0
          && segment.size() >= 0
          && length <= segment.size()
          && within <= segment.size() - length) {
        return part(segment.offset() + within, length, "a loaded part");
      }
    }
    throw damaged("an address lies in no loaded part");
  }

  /** Names, for {@link ElfVersions}. */
  static String text(ByteBuffer strings, long offset) {
    return offset < 0 || offset >= strings.limit() ? "" : string(strings, (int) offset);
  }
}
