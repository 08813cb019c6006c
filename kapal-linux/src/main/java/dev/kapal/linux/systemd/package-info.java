/** systemd as the owner of control groups: scopes and slices, asked for over D-Bus. */
@NullMarked
package dev.kapal.linux.systemd;

import org.jspecify.annotations.NullMarked;
