package dev.kapal.runtime.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Decodes what the encoder wrote by the words of docs/launch-plan.md, and compares. */
class PlanEncoderTest {
  private static Step random(Random random, int left) {
    List<Arg> args = new ArrayList<>();
    for (int i = random.nextInt(7); i > 0; i--) {
      args.add(
          switch (random.nextInt(6)) {
            case 0 -> Arg.of(random.nextLong());
            case 1 -> Arg.of("text " + random.nextInt(5));
            case 2 ->
                Arg.of(
                    Bytes.struct(1 + random.nextInt(40), b -> b.put(0, (byte) random.nextInt())));
            case 3 -> new Arg.Slot(random.nextInt(9), "s");
            case 4 -> new Arg.SlotOrNone(new Arg.Slot(random.nextInt(9), "s"));
            default -> new Arg.Strings(List.of("a", "bb" + random.nextInt(3), ""));
          });
    }
    List<Step.Allowed> allowed = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      allowed.add(
          new Step.Allowed(
              random.nextBoolean() ? Step.Allowed.ANY : 1 + random.nextInt(130),
              random.nextInt(left)));
    }
    return new Step(
        List.of(Op.values()).get(random.nextInt(12)),
        "x",
        random.nextInt(400),
        args,
        random.nextBoolean() ? Optional.empty() : Optional.of(new Arg.Slot(random.nextInt(9), "s")),
        random.nextInt(left),
        allowed,
        "test");
  }

  @Test
  void whatIsWrittenCanBeRead() {
    Random random = new Random(3);
    for (int round = 0; round < 500; round++) {
      List<Step> stage = new ArrayList<>();
      List<Step> init = new ArrayList<>();
      for (int n = random.nextInt(5); n > 0; n--) {
        stage.add(random(random, n));
      }
      for (int n = 1 + random.nextInt(10); n > 0; n--) {
        init.add(random(random, n));
      }
      LaunchPlan plan =
          new LaunchPlan(
              62,
              stage,
              init,
              List.of(new DescriptorSpec.Preserved(0)),
              9,
              0x20000000,
              random.nextInt(9),
              random.nextBoolean() ? Optional.of(0) : Optional.empty(),
              List.of());
      check(plan, plan.encode());
      assertThat(plan.encode()).isEqualTo(plan.encode());
    }
  }

  private static void check(LaunchPlan plan, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(in.getInt(0)).isEqualTo(0x4e4c504b);
    assertThat(in.getShort(4)).isEqualTo((short) 1);
    assertThat(in.getShort(6)).isEqualTo((short) plan.machine());
    assertThat(in.getInt(8)).isEqualTo(bytes.length);
    assertThat(in.getInt(12)).isEqualTo(1);
    assertThat(in.getInt(16)).isEqualTo(9);
    assertThat(in.getInt(20)).isEqualTo(plan.stage().size());
    assertThat(in.getInt(24)).isEqualTo(plan.init().size());
    int steps = in.getInt(28);
    int data = in.getInt(32);
    assertThat(steps % 8).isZero();
    assertThat(data % 8).isZero();
    assertThat(data)
        .isGreaterThanOrEqualTo(steps + 80 * (plan.stage().size() + plan.init().size()));
    assertThat(data + in.getInt(36)).isEqualTo(bytes.length);
    assertThat(bytes[bytes.length - 1]).isZero();
    assertThat(in.getLong(40)).isEqualTo(plan.cloneFlags());
    assertThat(in.getInt(48)).isEqualTo(plan.stdio());
    assertThat(in.getInt(52)).isEqualTo(plan.cgroupSlot().orElse(-1));
    List<Step> all = new ArrayList<>(plan.stage());
    all.addAll(plan.init());
    for (int i = 0; i < all.size(); i++) {
      step(in, steps + 80 * i, data, all.get(i));
    }
  }

  private static void step(ByteBuffer in, int at, int data, Step step) {
    assertThat(in.getShort(at)).isEqualTo((short) step.op().code());
    assertThat(in.getShort(at + 2)).isEqualTo((short) step.skip());
    assertThat(in.getInt(at + 4)).isEqualTo(step.number());
    assertThat(in.getInt(at + 8)).isEqualTo(step.out().map(Arg.Slot::number).orElse(-1));
    for (int i = 0; i < 2; i++) {
      boolean there = i < step.allowed().size();
      assertThat(in.getShort(at + 16 + 4 * i))
          .isEqualTo(there ? (short) step.allowed().get(i).errno() : 0);
      assertThat(in.getShort(at + 18 + 4 * i))
          .isEqualTo(there ? (short) step.allowed().get(i).jump() : 0);
    }
    int kinds = in.getInt(at + 12);
    for (int i = 0; i < 6; i++) {
      int kind = (kinds >>> (4 * i)) & 15;
      long value = in.getLong(at + 32 + 8 * i);
      if (i >= step.args().size()) {
        assertThat(kind).isZero();
        assertThat(value).isZero();
        continue;
      }
      switch (step.args().get(i)) {
        case Arg.Immediate(long expected) -> {
          assertThat(kind).isZero();
          assertThat(value).isEqualTo(expected);
        }
        case Arg.Data(Bytes expected) -> {
          assertThat(kind).isEqualTo(1);
          byte[] found = new byte[expected.length()];
          in.get(data + (int) value, found);
          assertThat(found).isEqualTo(expected.toArray());
        }
        case Arg.Slot slot -> {
          assertThat(kind).isEqualTo(2);
          assertThat(value).isEqualTo(slot.number());
        }
        case Arg.SlotOrNone(Arg.Slot slot) -> {
          assertThat(kind).isEqualTo(3);
          assertThat(value).isEqualTo(slot.number());
        }
        case Arg.Strings(List<String> expected) -> {
          assertThat(kind).isEqualTo(1);
          assertThat(value % 4).isZero();
          int list = data + (int) value;
          assertThat(in.getInt(list)).isEqualTo(expected.size());
          for (int s = 0; s < expected.size(); s++) {
            int from = data + in.getInt(list + 4 + 4 * s);
            int to = from;
            while (in.get(to) != 0) {
              to++;
            }
            assertThat(text(in, from, to)).isEqualTo(expected.get(s));
          }
        }
      }
    }
  }

  private static String text(ByteBuffer in, int from, int to) {
    byte[] bytes = new byte[to - from];
    in.get(from, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void tooLargePlansAreRefused() {
    Step step =
        new Step(
            Op.SYSCALL,
            "x",
            1,
            List.of(Arg.of("x".repeat(5 << 20))),
            Optional.empty(),
            0,
            List.of(),
            "test");
    LaunchPlan plan =
        new LaunchPlan(
            62, List.of(), List.of(step), List.of(), 1, 0, 0, Optional.empty(), List.of());
    assertThatThrownBy(plan::encode)
        .isInstanceOf(PlanTooLargeException.class)
        .hasMessageContaining("4194304");
  }
}
