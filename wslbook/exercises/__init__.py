"""Exercises: automatic checks that say what went wrong, quizzes, and an instructor's export."""

from wslbook.exercises.check import Exercise, Verdict, check, grade
from wslbook.exercises.export import student_version
from wslbook.exercises.quiz import quiz

__all__ = ["Exercise", "Verdict", "check", "grade", "quiz", "student_version"]
