/** The door for the kubelet and its tools. */
@NullMarked
package dev.kapal.cri;

import org.jspecify.annotations.NullMarked;
