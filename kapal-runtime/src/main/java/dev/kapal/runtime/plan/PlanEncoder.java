package dev.kapal.runtime.plan;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes a plan in the format of docs/launch-plan.md. Equal data is written once. */
final class PlanEncoder {
  static final int MAGIC = 0x4e4c504b;
  static final int HEADER = 64;
  static final int STEP = 80;
  private static final int MAX_LENGTH = 4 << 20;

  private final LaunchPlan plan;
  private final Map<Object, Integer> offsets = new HashMap<>();
  private final List<Bytes> chunks = new ArrayList<>();
  private final List<Integer> places = new ArrayList<>();
  private int dataLength;

  PlanEncoder(LaunchPlan plan) {
    this.plan = plan;
  }

  byte[] encode() {
    int steps = plan.stage().size() + plan.init().size();
    ByteBuffer table = ByteBuffer.allocate(steps * STEP).order(ByteOrder.LITTLE_ENDIAN);
    plan.stage().forEach(s -> step(table, s));
    plan.init().forEach(s -> step(table, s));
    int dataOffset = HEADER + steps * STEP;
    int used = dataLength;
    dataLength = (used + 1 + 7) & ~7;
    int length = dataOffset + dataLength;
    if (length > MAX_LENGTH || plan.init().isEmpty() || steps > 4096 || plan.slots() > 256) {
      throw new PlanTooLargeException(length, steps, plan.slots());
    }
    ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putShort((short) 1).putShort((short) plan.machine()).putInt(length);
    out.putInt(plan.descriptors().size()).putInt(Math.max(1, plan.slots()));
    out.putInt(plan.stage().size()).putInt(plan.init().size());
    out.putInt(HEADER).putInt(dataOffset).putInt(dataLength);
    out.putLong(plan.cloneFlags())
        .putInt(plan.stdio())
        .putInt(plan.cgroupSlot().orElse(-1))
        .putLong(0);
    out.put(table.array());
    for (int i = 0; i < chunks.size(); i++) {
      chunks.get(i).put(out, dataOffset + places.get(i));
    }
    return out.array();
  }

  private void step(ByteBuffer out, Step step) {
    int start = out.position();
    out.putShort((short) step.op().code()).putShort((short) step.skip()).putInt(step.number());
    out.putInt(step.out().map(Arg.Slot::number).orElse(-1));
    int kinds = 0;
    for (int i = 0; i < step.args().size(); i++) {
      kinds |= kind(step.args().get(i)) << (4 * i);
    }
    out.putInt(kinds);
    for (int i = 0; i < 2; i++) {
      boolean there = i < step.allowed().size();
      out.putShort(there ? (short) step.allowed().get(i).errno() : 0);
      out.putShort(there ? (short) step.allowed().get(i).jump() : 0);
    }
    out.putLong(0);
    for (int i = 0; i < 6; i++) {
      out.putLong(i < step.args().size() ? value(step.args().get(i)) : 0);
    }
    if (out.position() - start != STEP) {
      throw new IllegalStateException("a step of " + (out.position() - start) + " bytes");
    }
  }

  private static int kind(Arg arg) {
    return switch (arg) {
      case Arg.Immediate _ -> 0;
      case Arg.Data _ -> 1;
      case Arg.Strings _ -> 1;
      case Arg.Slot _ -> 2;
      case Arg.SlotOrNone _ -> 3;
    };
  }

  private long value(Arg arg) {
    return switch (arg) {
      case Arg.Immediate(long value) -> value;
      case Arg.Data(Bytes bytes) -> place(bytes);
      case Arg.Strings(List<String> values) -> list(values);
      case Arg.Slot slot -> slot.number();
      case Arg.SlotOrNone(Arg.Slot slot) -> slot.number();
    };
  }

  private int place(Bytes bytes) {
    Integer known = offsets.get(bytes);
    if (known != null) {
      return known;
    }
    int at = align(bytes.alignment());
    offsets.put(bytes, at);
    chunks.add(bytes);
    places.add(at);
    dataLength = at + bytes.length();
    return at;
  }

  private int list(List<String> values) {
    Integer known = offsets.get(values);
    if (known != null) {
      return known;
    }
    int[] at = values.stream().mapToInt(v -> place(Bytes.string(v))).toArray();
    Bytes list =
        Bytes.struct(
            4 + 4 * at.length,
            b -> {
              b.putInt(at.length);
              for (int offset : at) {
                b.putInt(offset);
              }
            });
    int offset = place(list);
    offsets.put(values, offset);
    return offset;
  }

  private int align(int alignment) {
    return (dataLength + alignment - 1) & -alignment;
  }
}
