// What each function calls when it is entered: counts, and now and then sleeps.

#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// No other pauses begin in one.
static __thread int pausing;
static __thread int64_t calls_left;
static __thread uint64_t state;

static uint64_t setting(const char *name) {
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : 0;
}

// Xorshift; each thread has its own.
static uint64_t random_below(uint64_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % bound;
}

static void begin_thread(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    state = ((uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15u ^ (uintptr_t)&state ^ (uint64_t)getpid()) | 1;
}

// System calls are made by number: what the C library has in front of some of them may lock or allocate.
void pauses_pause(void) {
    if (pausing) {
        return;
    }
    pausing = 1;
    uint64_t every = setting("PAUSES_EVERY"), up_to = setting("PAUSES_UP_TO");
    if (every == 0 || up_to == 0) {
        calls_left = INT64_MAX;
    } else if (state == 0) {
        begin_thread();
        calls_left = 1 + random_below(2 * every);
    } else {
        uint64_t micros = random_below(random_below(20) == 0 ? 5 * up_to : up_to);
        struct timespec pause = {micros / 1000000, micros % 1000000 * 1000};
        syscall(SYS_nanosleep, &pause, NULL);
        calls_left = 1 + random_below(2 * every);
    }
    pausing = 0;
}

int pauses_is_due(void) {
    return --calls_left <= 0;
}

// The arguments of the function that was entered are still in their registers.
__asm__(
    ".globl mcount\n"
    ".type mcount, @function\n"
    "mcount:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n"
    "  push %rax\n  push %rdi\n  push %rsi\n  push %rdx\n  push %rcx\n"
    "  push %r8\n  push %r9\n  push %r10\n  push %r11\n  push %rbx\n"
    "  mov %rsp, %rbx\n"
    "  sub $128, %rsp\n"
    "  and $-16, %rsp\n"
    "  call pauses_is_due\n"
    "  test %eax, %eax\n"
    "  je 1f\n"
    "  movups %xmm0, (%rsp)\n  movups %xmm1, 16(%rsp)\n  movups %xmm2, 32(%rsp)\n  movups %xmm3, 48(%rsp)\n"
    "  movups %xmm4, 64(%rsp)\n  movups %xmm5, 80(%rsp)\n  movups %xmm6, 96(%rsp)\n  movups %xmm7, 112(%rsp)\n"
    "  call pauses_pause\n"
    "  movups (%rsp), %xmm0\n  movups 16(%rsp), %xmm1\n  movups 32(%rsp), %xmm2\n  movups 48(%rsp), %xmm3\n"
    "  movups 64(%rsp), %xmm4\n  movups 80(%rsp), %xmm5\n  movups 96(%rsp), %xmm6\n  movups 112(%rsp), %xmm7\n"
    "1:\n"
    "  mov %rbx, %rsp\n"
    "  pop %rbx\n  pop %r11\n  pop %r10\n  pop %r9\n  pop %r8\n"
    "  pop %rcx\n  pop %rdx\n  pop %rsi\n  pop %rdi\n  pop %rax\n"
    "  pop %rbp\n"
    "  ret\n"
);
