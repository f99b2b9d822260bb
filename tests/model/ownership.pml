/*
 * The protocol of src/expert/bias.c, for spin: which one thread is in an expert's heap.
 *
 * A few threads make a few calls each, on any expert, in any order, and any of them may be killed
 * between any two steps. Each step names its function. A wait is a guard: a thread that would wait
 * for ever appears as an invalid end state.
 *
 * x86 lets a store wait in its processor's buffer while later loads are done. The stores that
 * matter, `inside` and the release of a lock, go through `buffer`; atomic_swap, atomic_cas,
 * atomic_add, the barrier and death empty it. What others read only after one of those is stored
 * at once.
 *
 * Left out: threads that the host has suspended, the reuse of thread records, and the number of
 * entries that earns the bias (any number may).
 *
 * Claims, as assertions:
 *   alone     never two living threads in one heap
 *   repaired  nobody enters a heap that a thread died in before it is repaired
 *   held      nobody enters a heap that is closed
 *   told      once expert_terminate has returned, no thread is biased to it
 * and every living thread ends.
 */

#ifndef THREADS
#define THREADS 2 /* 2 or 3 */
#endif
#ifndef EXPERTS
#define EXPERTS 1 /* 1 or 2 */
#endif
#ifndef CALLS
#define CALLS 2 /* of each thread, at most */
#endif
#ifndef KILLS
#define KILLS 1
#endif

/* NO_BARRIER, NO_WITNESS and NO_RECHECK each leave a part out; the search must notice. */

#define NEVER 0
#define OPEN 1
#define TERMINATED 2
#define CLOSED 3

#define INSIDE 1
#define HOLDER 2

/* Threads and experts are numbered from 1; 0 is nobody. */
byte bias[EXPERTS + 1], state[EXPERTS + 1], holder[EXPERTS + 1], owner[EXPERTS + 1];
bool closing[EXPERTS + 1];
byte inside[THREADS + 1];
byte ready;

/* The system: each processor's buffered stores, dead threads, ended threads. */
chan buffer[THREADS + 1] = [3] of { byte, byte, byte };
bool dead[THREADS + 1], ended[THREADS + 1];

/* Read by the claims only. */
byte within[THREADS + 1];
bool broken[EXPERTS + 1], held[EXPERTS + 1], asked[EXPERTS + 1], told[EXPERTS + 1];

#define me (_pid + 1)
#define alive(t) (!dead[t] && !ended[t])

inline write_oldest(t)
{
    buffer[t] ? word, at, value;
    if
    :: word == INSIDE -> inside[t] = value
    :: word == HOLDER -> holder[at] = value
    fi;
    word = 0; at = 0; value = 0
}

inline drain(t)
{
    do
    :: nempty(buffer[t]) -> write_oldest(t)
    :: empty(buffer[t]) -> break
    od
}

inline check_alone(e)
{
    other = 1;
    do
    :: other <= THREADS -> assert(other == me || within[other] != e); other++
    :: else -> break
    od;
    other = 0
}

/* Part of the same step as the check that lets the thread in. */
inline enter_heap(e)
{
    check_alone(e);
    assert(!broken[e]);
    assert(held[e]);
    within[me] = e
}

/* os.c: os_flush_stores. Once it returns, the thread's earlier stores are visible. */
inline barrier(t)
{
    atomic { drain(t) }
}

/* bias.c: revoke */
inline revoke(e)
{
    former = owner[e];
    if
    :: former == 0 || former == me -> skip
    :: else ->
        bias[e] = 0;
#ifndef NO_BARRIER
        barrier(former);
#endif
        do
        :: inside[former] != e -> break
        :: inside[former] == e && !alive(former) ->
            inside[former] = 0;
#ifndef NO_WITNESS
            died = true
#endif
        od;
        owner[e] = 0
    fi;
    former = 0
}

/* heap_walk.c: heap_repair, as bias_recover calls it */
inline heap_repair(e)
{
    atomic { check_alone(e); broken[e] = false }
}

inline heap_close(e)
{
    atomic { check_alone(e); broken[e] = true };
    atomic { check_alone(e); broken[e] = false; held[e] = false }
}

inline bias_recover(e)
{
    revoke(e);
    if
    :: died && closing[e] -> /* closing_finish */
        state[e] = CLOSED;
        if
        :: held[e] -> heap_repair(e); heap_close(e)
        :: else
        fi;
        closing[e] = false
    :: died && !closing[e] -> heap_repair(e)
    :: !died -> skip
    fi;
    died = false
}

/* lock_try and lock_acquire_slow, then bias_recover */
inline bias_lock(e)
{
    atomic { drain(me) };
    do
    :: atomic { holder[e] == 0 -> holder[e] = me }; break
    :: atomic { holder[e] != 0 && !alive(holder[e]) -> holder[e] = me; died = true }; break
    od;
    bias_recover(e)
}

inline lock_release(e)
{
    buffer[me] ! HOLDER, e, 0
}

/* bias.c */
inline bias_open(e)
{
    held[e] = true;
    atomic { asked[e] = false; told[e] = false; state[e] = OPEN }
}

inline bias_leave(e)
{
    if
    :: bias[e] != me && state[e] == OPEN ->
        owner[e] = me;
        atomic { drain(me); bias[e] = me };
        if
#ifndef NO_RECHECK
        :: state[e] != OPEN -> bias[e] = 0 /* expert_terminate was faster */
#endif
        :: else
        fi
    :: true -> skip
    fi;
    lock_release(e)
}

/* Any call of an expert: bias_enter_fast, and if the thread may not enter, bias_enter. */
inline call(e)
{
    if
    :: buffer[me] ! INSIDE, 0, e;
        atomic {
            if
            :: bias[e] == me -> assert(!told[e]); enter_heap(e)
            :: else
            fi
        };
        /* bias_leave_fast */
        atomic { in = within[me]; within[me] = 0; buffer[me] ! INSIDE, 0, 0 }
    :: true /* the thread called with another key last */
    fi;
    if
    :: in -> in = 0
    :: else ->
        bias_lock(e);
        if /* admit */
        :: state[e] == NEVER -> bias_open(e)
        :: else
        fi;
        if
        :: state[e] == OPEN -> atomic { enter_heap(e) }; within[me] = 0; bias_leave(e)
        :: state[e] != OPEN -> lock_release(e)
        fi
    fi
}

inline host_open(e)
{
    bias_lock(e);
    if
    :: state[e] == NEVER || state[e] == CLOSED -> bias_open(e)
    :: else
    fi;
    lock_release(e)
}

inline expert_terminate(e)
{
    atomic {
        drain(me);
        if
        :: state[e] == OPEN -> state[e] = TERMINATED; asked[e] = true
        :: else
        fi;
        in = state[e]
    };
    if
    :: in == TERMINATED -> atomic { bias[e] = 0; told[e] = asked[e] }
    :: else
    fi;
    in = 0
}

/* Does not revoke the bias unless it has to wait. */
inline host_query(e)
{
    atomic { drain(me) };
    if
    :: atomic { holder[e] == 0 -> holder[e] = me }
    :: holder[e] != 0 -> bias_lock(e)
    fi;
    lock_release(e)
}

/* host_api.c: NmapiCloseExpert, with closing_end */
inline host_close(e)
{
    bias_lock(e);
    if
    :: state[e] == OPEN || state[e] == TERMINATED ->
        closing[e] = true;
        state[e] = CLOSED;
        heap_close(e);
        owner[e] = 0;
        closing[e] = false
    :: else
    fi;
    lock_release(e)
}

/* host_api.c: transfer between two experts */
inline transfer()
{
    bias_lock(1);
    bias_lock(EXPERTS);
    atomic {
        if
        :: held[1] -> enter_heap(1)
        :: else
        fi
    };
    atomic {
        check_alone(EXPERTS);
        within[me] = 0
    };
    lock_release(1);
    lock_release(EXPERTS)
}

active [THREADS] proctype thread()
{
    byte calls, e, in, former, other, word, at, value;
    bool died;

    {
#ifdef OWNED
        /* Begins as the owner of the expert of its number, as after a first call. */
        atomic {
            if
            :: me <= EXPERTS -> state[me] = OPEN; held[me] = true; owner[me] = me; bias[me] = me
            :: else
            fi;
            ready++
        };
        ready == THREADS;
#endif
        do
        :: calls < CALLS ->
            calls++;
            e = 1;
            do
            :: e < EXPERTS -> e++
            :: break
            od;
            if
            :: call(e)
#if THREADS == 2 /* the whole of it with three is too much for an exhaustive search */
            :: expert_terminate(e)
            :: host_close(e)
            :: host_open(e)
            :: host_query(e)
#if EXPERTS == 2
            :: transfer()
#endif
#endif
            fi
        :: break
        od;
        atomic { drain(me); ended[me] = true }
    } unless { dead[me] }
}

/* Writes the buffered stores to memory, at any time. */
active proctype processor()
{
    byte t, word, at, value;

end:
    do
    :: atomic { nempty(buffer[1]) -> t = 1; write_oldest(t); t = 0 }
    :: atomic { nempty(buffer[2]) -> t = 2; write_oldest(t); t = 0 }
#if THREADS > 2
    :: atomic { nempty(buffer[3]) -> t = 3; write_oldest(t); t = 0 }
#endif
    od
}

active proctype killer()
{
    byte kills, t, word, at, value;

end:
#ifdef OWNED
    ready == THREADS;
#endif
    do
    :: kills < KILLS ->
        atomic {
            t = 1;
            do
            :: t < THREADS -> t++
            :: break
            od;
            if
            :: alive(t) ->
                drain(t); /* the system stops a thread before it ends it */
                if
                :: within[t] -> broken[within[t]] = true
                :: else
                fi;
                within[t] = 0;
                dead[t] = true;
                kills++
            :: else
            fi;
            t = 0
        }
    :: kills = KILLS; break
    od
}
